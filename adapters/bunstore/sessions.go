package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type sessions struct{ scope }

var _ ports.Sessions = sessions{}

// live is the condition that session and token have not expired. It takes the time twice.
const live = "s.expires_at > ? AND t.expires_at > ?"

func (r sessions) Create(ctx context.Context, session domain.Session, token domain.RefreshToken) error {
	s := sessionRow{
		ID: session.ID, UserID: session.UserID, UserAgent: session.UserAgent, IP: session.IP,
		CreatedAt: stamp(session.CreatedAt), LastUsedAt: stamp(session.LastUsedAt), ExpiresAt: stamp(session.ExpiresAt),
		Generation: session.Generation, Rotated: session.RotatedGeneration, Delivered: session.DeliveredGeneration,
	}
	t := tokenRow{
		SessionID: token.SessionID, JTI: token.JTI, Generation: token.Generation,
		IssuedAt: stamp(token.IssuedAt), ExpiresAt: stamp(token.ExpiresAt),
	}
	return r.atomically(ctx, func(tx scope) error {
		err := one(tx.write.insert(ctx, "sessions", sessionColumns, s.fields(), "FROM users WHERE id = ?", s.UserID))
		if err != nil && violatesReference(err) {
			return domain.ErrNotFound // the user went at the same time
		}
		if err == nil {
			_, err = tx.write.insert(ctx, "refresh_tokens", tokenColumns, t.fields(), "")
		}
		return mapError("create a session", err)
	})
}

func (r sessions) Touch(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := r.write.ExecContext(ctx, "UPDATE sessions SET last_used_at = ? WHERE id = ?", stamp(now), id)
	return mapError("note the use of a session", err)
}

func (r sessions) Lock(ctx context.Context, id uuid.UUID, now time.Time) (ports.SessionState, error) {
	if err := r.requireTx(); err != nil {
		return ports.SessionState{}, err
	}
	// Rotate and end lock the token first; so does this. The second statement sees what they committed, and waits for
	// MarkDelivered.
	if r.db.isPostgres() {
		if _, err := r.write.ExecContext(ctx, "SELECT 1 FROM refresh_tokens WHERE session_id = ? FOR UPDATE", id); err != nil {
			return ports.SessionState{}, mapError("lock a session", err)
		}
	}
	state, err := r.state(ctx, id, now, r.forUpdate("OF s"))
	return state, mapError("lock a session", err)
}

// state reads a live session with its user and token.
func (r sessions) state(ctx context.Context, id uuid.UUID, now time.Time, lock string) (ports.SessionState, error) {
	var row stateRow
	err := r.write.scan(ctx, row.fields(), "SELECT "+stateColumns+" FROM sessions AS s "+
		"JOIN refresh_tokens AS t ON t.session_id = s.id JOIN users AS u ON u.id = s.user_id "+
		"WHERE s.id = ? AND "+live+lock, id, stamp(now), stamp(now))
	return row.state(), err
}

func (r sessions) ByUser(ctx context.Context, user uuid.UUID, now time.Time) ([]domain.Session, error) {
	found, err := list(ctx, r.read, (*sessionRow).fields, sessionRow.session, "SELECT "+of("s", sessionColumns)+" FROM sessions AS s "+
		"JOIN refresh_tokens AS t ON t.session_id = s.id WHERE s.user_id = ? AND "+live+" ORDER BY s.created_at DESC, s.id DESC",
		user, stamp(now), stamp(now))
	return found, mapError("read the sessions of a user", err)
}

func (r sessions) Revoked(ctx context.Context, jti uuid.UUID) (domain.RevokedToken, error) {
	var t tokenRow
	var reason string
	var at time.Time
	err := r.read.scan(ctx, append(t.fields(), &reason, &at), "SELECT "+tokenColumns+", reason, revoked_at FROM revoked_refresh_tokens WHERE jti = ?", jti)
	if err != nil {
		return domain.RevokedToken{}, mapError("read a revoked token", err)
	}
	return domain.RevokedToken{RefreshToken: t.token(), Reason: domain.RevocationReason(reason), RevokedAt: utc(at)}, nil
}

func (r sessions) End(ctx context.Context, id uuid.UUID, reason domain.RevocationReason, now time.Time) error {
	n, err := r.end(ctx, reason, now, "s.id = ? AND "+live, id, stamp(now), stamp(now))
	if err == nil && n == 0 {
		return domain.ErrNotFound
	}
	return err
}

func (r sessions) EndAll(ctx context.Context, user, except uuid.UUID, reason domain.RevocationReason, now time.Time) (int, error) {
	return r.end(ctx, reason, now, "s.user_id = ? AND s.id <> ? AND "+live, user, except, stamp(now), stamp(now))
}

func (r sessions) EndOldest(ctx context.Context, user uuid.UUID, keep int, reason domain.RevocationReason, now time.Time) (int, error) {
	return r.end(ctx, reason, now, "s.id IN (SELECT id FROM ("+
		"SELECT s.id, row_number() OVER (ORDER BY s.created_at DESC, s.id DESC) AS place "+
		"FROM sessions AS s JOIN refresh_tokens AS t ON t.session_id = s.id WHERE s.user_id = ? AND "+live+
		") AS own WHERE place > ?)", user, stamp(now), stamp(now), keep)
}

// end removes the sessions that a condition on s and t selects, moves their tokens into the blacklist, and returns how
// many there were. On PostgreSQL it is one statement, which locks the tokens, in order, before the sessions, as Rotate
// does.
func (r sessions) end(ctx context.Context, reason domain.RevocationReason, now time.Time, where string, args ...any) (int, error) {
	const (
		which   = "SELECT t.session_id FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session_id WHERE "
		revoked = "INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at) " +
			"SELECT jti, session_id, generation, issued_at, expires_at, ?, "
	)
	if r.db.isPostgres() {
		text := "WITH taken AS MATERIALIZED (" + which + where + " ORDER BY t.session_id FOR UPDATE OF t), " +
			"gone AS (DELETE FROM refresh_tokens AS t USING taken WHERE t.session_id = taken.session_id RETURNING t.*), " +
			"kept AS (" + revoked + "?::timestamptz FROM gone) " +
			"DELETE FROM sessions USING gone WHERE id = gone.session_id"
		n, err := count(r.write.ExecContext(ctx, text, append(args, string(reason), stamp(now))...))
		return n, mapError("end sessions", err)
	}
	n := 0
	err := r.atomically(ctx, func(tx scope) error {
		var err error
		n, err = count(tx.write.ExecContext(ctx, revoked+"? FROM refresh_tokens WHERE session_id IN ("+which+where+")",
			append([]any{string(reason), stamp(now)}, args...)...))
		if err == nil && n > 0 {
			n, err = count(tx.write.ExecContext(ctx, "DELETE FROM sessions WHERE id IN ("+which+where+")", args...))
		}
		return mapError("end sessions", err)
	})
	return n, err
}

// mostHeld is more than the expired sessions that other transactions can hold at a time.
const mostHeld = 1000

func (r sessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	// It locks the token first, as all methods do, and looks at it again, since it may have been rotated. It also locks
	// the session, and so passes over one that is held.
	first := limit // rows that are looked at, so that a batch costs the same however many are due
	if r.db.isPostgres() {
		first += mostHeld
	}
	n, err := count(r.write.ExecContext(ctx, "WITH due AS MATERIALIZED (SELECT t.session_id FROM refresh_tokens AS t "+
		"JOIN sessions AS s ON s.id = t.session_id WHERE t.session_id IN ("+
		"SELECT * FROM (SELECT session_id FROM refresh_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) AS tokens UNION ALL "+
		"SELECT * FROM (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) AS ended"+
		") AND (t.expires_at <= ? OR s.expires_at <= ?) LIMIT ?"+r.forUpdate("SKIP LOCKED")+") DELETE FROM sessions WHERE id IN (SELECT session_id FROM due)",
		stamp(now), first, stamp(now), first, stamp(now), stamp(now), limit))
	if err != nil {
		return 0, mapError("delete expired sessions", err)
	}
	m, err := r.purge(ctx, "revoked_refresh_tokens", "jti", "expires_at", stamp(now), limit)
	return n + m, mapError("delete expired revoked tokens", err)
}
