package memstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type sessions struct{ runner }

// generation names the tokens of one generation of a session.
type generation struct {
	session uuid.UUID
	number  int64
}

func (r sessions) Create(ctx context.Context, s domain.Session, token domain.RefreshToken) error {
	return r.statement(ctx, "Sessions.Create", func(t *tx) error {
		if _, err := t.store.users.get(s.UserID); err != nil {
			return err
		}
		if _, err := t.store.sessions.get(s.ID); err == nil {
			return fmt.Errorf("memstore: there is a session %s already", s.ID)
		}
		s.CreatedAt, s.LastUsedAt, s.ExpiresAt = keep(s.CreatedAt), keep(s.LastUsedAt), keep(s.ExpiresAt)
		t.store.sessions.put(t, s.ID, s)
		t.putToken(token)
		return nil
	})
}

func (r sessions) Authenticate(ctx context.Context, id uuid.UUID, number int64, now time.Time, custom bool) (ports.Authenticated, error) {
	return query(ctx, r, "Sessions.Authenticate", func(t *tx) (ports.Authenticated, error) {
		s, err := t.store.sessions.get(id)
		if err != nil || !s.Live(now) {
			return ports.Authenticated{}, domain.ErrNotFound
		}
		a := ports.Authenticated{User: t.store.users[s.UserID], Generation: s.Generation, InUse: s.InUse()}
		if !custom {
			a.User = plain(a.User)
		}
		if jti, err := t.store.superseded.get(generation{id, number}); err == nil {
			a.SupersededAt = t.store.blacklist[jti].RevokedAt
		}
		return a, nil
	})
}

func (r sessions) MarkDelivered(ctx context.Context, id uuid.UUID, number int64) error {
	return r.statement(ctx, "Sessions.MarkDelivered", func(t *tx) error {
		if s, err := t.store.sessions.get(id); err == nil && s.Generation == number {
			s.DeliveredGeneration = number
			t.store.sessions.put(t, id, s)
		}
		return nil
	})
}

func (r sessions) Touch(ctx context.Context, id uuid.UUID, now time.Time) error {
	return r.statement(ctx, "Sessions.Touch", func(t *tx) error {
		if s, err := t.store.sessions.get(id); err == nil {
			s.LastUsedAt = keep(now)
			t.store.sessions.put(t, id, s)
		}
		return nil
	})
}

func (r sessions) Rotate(ctx context.Context, o ports.Rotation) (ports.SessionState, error) {
	return query(ctx, r, "Sessions.Rotate", func(t *tx) (ports.SessionState, error) {
		live, err := t.live(o.Next.SessionID, o.Now)
		if err != nil {
			return ports.SessionState{}, err
		}
		if live.Token.JTI != o.JTI {
			return ports.SessionState{}, domain.ErrNotFound
		}
		t.revoke(live.Token, o.Reason, o.Now)
		s := live.Session
		if o.Reason == domain.ReasonRotated {
			s.RotatedGeneration = s.Generation
		}
		s.Generation++
		s.LastUsedAt = keep(o.Now)
		t.store.sessions.put(t, s.ID, s)
		live.Session = s
		live.Token = t.putToken(s.Adopt(o.Next))
		return live, nil
	})
}

func (r sessions) Lock(ctx context.Context, id uuid.UUID, now time.Time) (ports.SessionState, error) {
	return query(ctx, r, "Sessions.Lock", func(t *tx) (ports.SessionState, error) {
		return t.live(id, now)
	})
}

func (r sessions) Revoked(ctx context.Context, jti uuid.UUID) (domain.RevokedToken, error) {
	return query(ctx, r, "Sessions.Revoked", func(t *tx) (domain.RevokedToken, error) { return t.store.blacklist.get(jti) })
}

func (r sessions) ByUser(ctx context.Context, user uuid.UUID, now time.Time) ([]domain.Session, error) {
	return query(ctx, r, "Sessions.ByUser", func(t *tx) ([]domain.Session, error) { return t.liveOf(user, now), nil })
}

func (r sessions) End(ctx context.Context, id uuid.UUID, reason domain.RevocationReason, now time.Time) error {
	return r.statement(ctx, "Sessions.End", func(t *tx) error {
		if _, err := t.live(id, now); err != nil {
			return err
		}
		t.end(id, reason, now)
		return nil
	})
}

func (r sessions) EndAll(ctx context.Context, user, except uuid.UUID, reason domain.RevocationReason, now time.Time) (int, error) {
	return query(ctx, r, "Sessions.EndAll", func(t *tx) (int, error) {
		ended := 0
		for _, s := range t.liveOf(user, now) {
			if s.ID != except {
				t.end(s.ID, reason, now)
				ended++
			}
		}
		return ended, nil
	})
}

func (r sessions) EndOldest(ctx context.Context, user uuid.UUID, keep int, reason domain.RevocationReason, now time.Time) (int, error) {
	return query(ctx, r, "Sessions.EndOldest", func(t *tx) (int, error) {
		live := t.liveOf(user, now)
		oldest := live[min(max(keep, 0), len(live)):]
		for _, s := range oldest {
			t.end(s.ID, reason, now)
		}
		return len(oldest), nil
	})
}

func (r sessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Sessions.DeleteExpired", func(t *tx) (int, error) {
		dead := first(limit, slices.Collect(t.store.sessions.where(func(s domain.Session) bool {
			_, err := t.live(s.ID, now)
			return err != nil
		})))
		for _, s := range dead {
			t.removeSession(s.ID)
		}
		expired := first(limit, slices.Collect(t.store.blacklist.where(func(k domain.RevokedToken) bool {
			return !now.Before(k.ExpiresAt)
		})))
		for _, k := range expired {
			t.store.blacklist.remove(t, k.JTI)
			t.store.superseded.remove(t, generation{k.SessionID, k.Generation})
		}
		return len(dead) + len(expired), nil
	})
}

// live returns a session that counts as present.
func (t *tx) live(id uuid.UUID, now time.Time) (ports.SessionState, error) {
	s, err := t.store.sessions.get(id)
	token := t.store.whitelist[id]
	if err != nil || !s.Live(now) || !now.Before(token.ExpiresAt) {
		return ports.SessionState{}, domain.ErrNotFound
	}
	return ports.SessionState{User: plain(t.store.users[s.UserID]), Session: s, Token: token}, nil
}

// liveOf returns the user's sessions that count as present, newest first.
func (t *tx) liveOf(user uuid.UUID, now time.Time) []domain.Session {
	return slices.SortedFunc(t.store.sessions.where(func(s domain.Session) bool {
		if s.UserID != user {
			return false
		}
		_, err := t.live(s.ID, now)
		return err == nil
	}), func(a, b domain.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(b.ID[:], a.ID[:]))
	})
}

// end removes a session and moves its current token into the blacklist.
func (t *tx) end(id uuid.UUID, reason domain.RevocationReason, now time.Time) {
	t.revoke(t.store.whitelist[id], reason, now)
	t.removeSession(id)
}

func (t *tx) revoke(token domain.RefreshToken, reason domain.RevocationReason, now time.Time) {
	t.store.blacklist.put(t, token.JTI, domain.RevokedToken{RefreshToken: token, Reason: reason, RevokedAt: keep(now)})
	if reason == domain.ReasonSuperseded {
		t.store.superseded.put(t, generation{token.SessionID, token.Generation}, token.JTI)
	}
}

func (t *tx) removeSession(id uuid.UUID) {
	t.store.sessions.remove(t, id)
	t.store.whitelist.remove(t, id)
}

func (t *tx) putToken(token domain.RefreshToken) domain.RefreshToken {
	token.IssuedAt, token.ExpiresAt = keep(token.IssuedAt), keep(token.ExpiresAt)
	t.store.whitelist.put(t, token.SessionID, token)
	return token
}
