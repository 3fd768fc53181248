package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

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

// end removes the sessions that the condition on s and t selects, moves their tokens into the blacklist, and
// returns how many there were. On PostgreSQL it is one statement, which takes the tokens, in order, before it
// touches a session: whoever rotates does so too.
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
		n, err := count(r.write.NewRaw(text, append(args, reason, stamp(now))...).Exec(ctx))
		return n, mapError("end sessions", err)
	}
	n := 0
	err := r.atomically(ctx, func(tx scope) error {
		var err error
		n, err = count(tx.write.NewRaw(revoked+"? FROM refresh_tokens WHERE session_id IN ("+which+where+")",
			append([]any{reason, stamp(now)}, args...)...).Exec(ctx))
		if err == nil && n > 0 {
			n, err = count(tx.write.NewRaw("DELETE FROM sessions WHERE id IN ("+which+where+")", args...).Exec(ctx))
		}
		return mapError("end sessions", err)
	})
	return n, err
}

func (r sessions) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	// The token is locked first, as by all others, and looked at again under its lock: it may have been rotated. Its
	// session is locked as well, so that it is not waited for.
	n, err := count(r.write.NewRaw("WITH due AS MATERIALIZED (SELECT t.session_id FROM refresh_tokens AS t "+
		"JOIN sessions AS s ON s.id = t.session_id WHERE t.session_id IN ("+
		"SELECT session_id FROM refresh_tokens WHERE expires_at <= ? UNION ALL SELECT id FROM sessions WHERE expires_at <= ?"+
		") AND (t.expires_at <= ? OR s.expires_at <= ?) LIMIT ? ?) DELETE FROM sessions WHERE id IN (SELECT session_id FROM due)",
		stamp(now), stamp(now), stamp(now), stamp(now), limit, r.forUpdate("SKIP LOCKED")).Exec(ctx))
	if err != nil {
		return 0, mapError("delete expired sessions", err)
	}
	m, err := r.purge(ctx, "revoked_refresh_tokens", "jti", "expires_at", stamp(now), limit)
	return n + m, mapError("delete expired revoked tokens", err)
}
