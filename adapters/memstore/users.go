package memstore

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type users struct{ runner }

func (r users) Lock(ctx context.Context, who ports.UserSet) ([]domain.User, error) {
	return query(ctx, r, "Users.Lock", func(t *tx) ([]domain.User, error) {
		locked := slices.SortedFunc(t.store.users.where(func(u domain.User) bool {
			return who.Address != "" && u.Email.Key == who.Address || slices.Contains(who.IDs, u.ID) ||
				who.Admins && u.Verified() && u.Role == domain.RoleAdmin || slices.Contains(who.Emails, u.Email.Key) ||
				u.LegacyID != "" && slices.Contains(who.LegacyIDs, u.LegacyID)
		}), func(a, b domain.User) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		for i, u := range locked {
			locked[i] = plain(u)
		}
		return locked, nil
	})
}

func (r users) CreateSignUp(ctx context.Context, u domain.User) (bool, error) {
	return query(ctx, r, "Users.CreateSignUp", func(t *tx) (bool, error) {
		if t.taken(u) {
			return false, nil
		}
		return true, t.createUser(u)
	})
}

func (r users) CreateMany(ctx context.Context, all []domain.User) ([]uuid.UUID, error) {
	return query(ctx, r, "Users.CreateMany", func(t *tx) (stored []uuid.UUID, err error) {
		for _, u := range all {
			if u.Verified() && t.taken(u) || t.createUser(u) != nil {
				continue
			}
			stored = append(stored, u.ID)
		}
		return stored, nil
	})
}

func (r users) Create(ctx context.Context, u domain.User) error {
	return r.statement(ctx, "Users.Create", func(t *tx) error {
		if t.taken(u) {
			return domain.ErrEmailTaken
		}
		return t.createUser(u)
	})
}

func (r users) ByID(ctx context.Context, id uuid.UUID) (domain.User, error) {
	return query(ctx, r, "Users.ByID", func(t *tx) (domain.User, error) { return t.store.users.get(id) })
}

func (r users) ByEmail(ctx context.Context, key string) (domain.User, error) {
	return query(ctx, r, "Users.ByEmail", func(t *tx) (domain.User, error) {
		var owner domain.User
		for u := range t.store.users.where(func(u domain.User) bool { return u.Email.Key == key && !u.Invited() }) {
			if owner.ID == uuid.Nil || u.Precedes(owner) {
				owner = u
			}
		}
		if owner.ID != uuid.Nil {
			return plain(owner), nil
		}
		return domain.User{}, domain.ErrNotFound
	})
}

func (r users) List(ctx context.Context, q domain.UserQuery) (domain.UserPage, error) {
	return query(ctx, r, "Users.List", func(t *tx) (domain.UserPage, error) {
		if q.Limit <= 0 {
			return domain.UserPage{}, nil
		}
		var places []domain.UserPlace
		for u := range maps.Values(t.store.users) {
			if place := q.Sort.Place(u); q.After.IsZero() || q.Sort.Compare(place, q.After) > 0 {
				places = append(places, place)
			}
		}
		slices.SortFunc(places, q.Sort.Compare)
		var end domain.UserPlace // of the walk; zero: that of the list
		if len(places) >= ports.ListWalk && !q.All() && !t.lookedUp(q.UserFilter) {
			places = places[:ports.ListWalk]
			end = places[len(places)-1]
		}
		var following []domain.User
		for _, place := range places {
			if u := t.store.users[place.ID]; len(following) <= q.Limit && q.Fits(u) {
				following = append(following, u)
			}
		}
		page := q.Page(following)
		if page.Next.IsZero() {
			page.Next = end
		}
		return page, nil
	})
}

func (r users) Count(ctx context.Context, f domain.UserFilter) (domain.Tally, error) {
	return query(ctx, r, "Users.Count", func(t *tx) (domain.Tally, error) {
		walk, all := ports.ListReads, slices.SortedFunc(maps.Values(t.store.users), newestUser)
		if !f.Prefix.IsZero() {
			walk = ports.CountWalk
		}
		tally := domain.Tally{Exact: len(all) < walk || t.lookedUp(f)}
		if !tally.Exact {
			all = first(walk, all)
		}
		for _, u := range all {
			if f.Fits(u) {
				tally.N++
			}
		}
		return tally, nil
	})
}

// lookedUp reports whether the users of a filter are looked up rather than walked to.
func (t *tx) lookedUp(f domain.UserFilter) bool {
	if f.LegacyID != "" || f.Prefix.IsZero() {
		return f.LegacyID != ""
	}
	var n [3]int
	for u := range maps.Values(t.store.users) {
		email, firstName, lastName := u.SearchKeys()
		for i, key := range []string{email, firstName, lastName} {
			if f.Prefix.Of(key) {
				n[i]++
			}
		}
	}
	return slices.Max(n[:]) <= ports.ListPrefix
}

func (r users) HashBegins(ctx context.Context, prefixes []string) (bool, error) {
	return query(ctx, r, "Users.HashBegins", func(t *tx) (bool, error) {
		for range t.store.users.where(func(u domain.User) bool {
			return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(u.PasswordHash.Reveal(), prefix) })
		}) {
			return true, nil
		}
		return false, nil
	})
}

func (r users) Update(ctx context.Context, u domain.User) error {
	return r.statement(ctx, "Users.Update", func(t *tx) error {
		stored, err := t.store.users.get(u.ID)
		switch {
		case err != nil:
			return err
		case stored.Version != u.Version:
			return domain.ErrConflict
		case u.Verified() && t.taken(u):
			return domain.ErrEmailTaken
		}
		u.Version++
		u.Custom = stored.Custom
		t.putUser(u)
		return nil
	})
}

func (r users) SetCustom(ctx context.Context, id uuid.UUID, c domain.CustomFields) error {
	return r.statement(ctx, "Users.SetCustom", func(t *tx) error {
		if u, err := t.store.users.get(id); err == nil {
			u.Custom = c
			t.putUser(u)
		}
		return nil
	})
}

func (r users) UpgradeHash(ctx context.Context, id uuid.UUID, from, to domain.PasswordHash) error {
	return r.statement(ctx, "Users.UpgradeHash", func(t *tx) error {
		if u, err := t.store.users.get(id); err == nil && u.PasswordHash == from {
			u.PasswordHash = to
			t.putUser(u)
		}
		return nil
	})
}

func (r users) Delete(ctx context.Context, id uuid.UUID, now time.Time) error {
	return r.statement(ctx, "Users.Delete", func(t *tx) error {
		if _, err := t.store.users.get(id); err != nil {
			return err
		}
		for s := range t.store.sessions.where(func(s domain.Session) bool { return s.UserID == id }) {
			t.end(s.ID, domain.ReasonRevoked, now)
		}
		t.removeUser(id)
		return nil
	})
}

func (r users) DeleteSignUps(ctx context.Context, ids ...uuid.UUID) error {
	return r.statement(ctx, "Users.DeleteSignUps", func(t *tx) error {
		for u := range t.store.users.where(func(u domain.User) bool { return !u.Verified() && slices.Contains(ids, u.ID) }) {
			t.removeUser(u.ID)
		}
		return nil
	})
}

func (r users) DeleteUnverified(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Users.DeleteUnverified", func(t *tx) (int, error) {
		passed := first(limit, slices.Collect(t.store.users.where(func(u domain.User) bool {
			return !u.Verified() && !now.Before(u.UnverifiedUntil)
		})))
		for _, u := range passed {
			t.removeUser(u.ID)
		}
		return len(passed), nil
	})
}

// taken reports whether another verified user has u's address.
func (t *tx) taken(u domain.User) bool {
	for range t.store.users.where(func(o domain.User) bool {
		return o.Email.Key == u.Email.Key && o.ID != u.ID && o.Verified()
	}) {
		return true
	}
	return false
}

func (t *tx) createUser(u domain.User) error {
	if _, err := t.store.users.get(u.ID); err == nil {
		return fmt.Errorf("memstore: there is a user %s already", u.ID)
	}
	for o := range t.store.users.where(func(o domain.User) bool { return u.LegacyID != "" && o.LegacyID == u.LegacyID }) {
		return fmt.Errorf("memstore: the user %s has the legacy id already", o.ID)
	}
	t.putUser(u)
	return nil
}

func (t *tx) putUser(u domain.User) {
	u.UnverifiedUntil, u.BlockedUntil = keep(u.UnverifiedUntil), keep(u.BlockedUntil)
	u.CreatedAt, u.UpdatedAt = keep(u.CreatedAt), keep(u.UpdatedAt)
	t.store.users.put(t, u.ID, u)
}

// removeUser removes a user, and the challenges and sessions that depend on it.
func (t *tx) removeUser(id uuid.UUID) {
	t.store.users.remove(t, id)
	t.removeChallenges(func(c domain.Challenge) bool { return c.UserID == id })
	for s := range t.store.sessions.where(func(s domain.Session) bool { return s.UserID == id }) {
		t.removeSession(s.ID)
	}
}

// plain is a user without custom fields.
func plain(u domain.User) domain.User {
	u.Custom = domain.CustomFields{}
	return u
}

func newestUser(a, b domain.User) int {
	if a.Newer(b) {
		return -1
	}
	return 1
}

// first returns the first limit rows.
func first[T any](limit int, rows []T) []T { return rows[:min(limit, len(rows))] }

// keep returns a time as databases keep it.
func keep(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }
