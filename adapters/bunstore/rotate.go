package bunstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// The statements of the hot path are written for PostgreSQL; SQLite takes the same ones, its parameters being
// ?1 instead of $1.
var (
	authenticate = "SELECT " + of("u", userColumns) + ", s.generation, s.delivered, CASE WHEN s.generation <> $2 THEN (" +
		"SELECT max(r.revoked_at) FROM revoked_refresh_tokens AS r " +
		"WHERE r.session_id = s.id AND r.generation = $2 AND r.reason = 'superseded') END " +
		"FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = $1 AND s.expires_at > $3"
	authenticateSQLite = strings.ReplaceAll(authenticate, "$", "?")

	markDelivered       = "UPDATE sessions SET delivered = $2 WHERE id = $1 AND generation = $2 AND delivered < $2"
	markDeliveredSQLite = strings.ReplaceAll(markDelivered, "$", "?")
)

func (r sessions) Authenticate(ctx context.Context, id uuid.UUID, generation int64, now time.Time) (ports.Authenticated, error) {
	var u userRow
	var s domain.Session
	var superseded maybeTime
	fields := append(u.fields(), &s.Generation, &s.Delivered, &superseded)
	args := []any{id, generation, stamp(now)}
	var err error
	switch {
	case r.db.isPostgres():
		err = r.native(func(q querier) error { return q.QueryRow(ctx, authenticate, args...).Scan(fields...) })
	case r.tx != nil:
		err = r.tx.sqlite.QueryRowContext(ctx, authenticateSQLite, args...).Scan(fields...)
	default:
		err = r.db.hot.authenticate(ctx, args, fields)
	}
	if err != nil {
		return ports.Authenticated{}, fail("read a session", err)
	}
	return ports.Authenticated{User: u.user(), Generation: s.Generation, InUse: s.InUse(), SupersededAt: superseded.Time}, nil
}

func (r sessions) MarkDelivered(ctx context.Context, id uuid.UUID, generation int64) error {
	var err error
	switch {
	case r.db.isPostgres():
		err = r.native(func(q querier) error { _, err := q.Exec(ctx, markDelivered, id, generation); return err })
	case r.tx != nil:
		_, err = r.tx.sqlite.ExecContext(ctx, markDeliveredSQLite, id, generation)
	default:
		_, err = r.db.SQLite().ExecContext(ctx, markDeliveredSQLite, id, generation)
	}
	return fail("mark a session's tokens as delivered", err)
}

// stateRow is a session with its user and token.
type stateRow struct {
	u userRow
	s sessionRow
	t tokenRow
}

var stateColumns = of("u", userColumns) + ", " + of("s", sessionColumns) + ", " + of("t", tokenColumns)

func (r *stateRow) fields() []any {
	return slices.Concat(r.u.fields(), r.s.fields(), r.t.fields())
}

func (r *stateRow) state() ports.SessionState {
	return ports.SessionState{User: r.u.user(), Session: r.s.session(), Token: r.t.token()}
}

// rotate does it all in one round trip. The token is the guard: of several statements that wait for its row,
// those that come second find another jti there. o is the same row, as it was before; with the jti still the
// same, nothing of it has changed meanwhile.
var rotate = `
WITH t AS (
	UPDATE refresh_tokens AS t
	SET jti = $3, generation = t.generation + 1, issued_at = $5, expires_at = LEAST($6, s.expires_at)
	FROM refresh_tokens AS o, sessions AS s
	WHERE t.session_id = $1 AND t.jti = $2 AND o.session_id = $1 AND o.jti = $2 AND s.id = $1
	AND s.expires_at > $4 AND t.expires_at > $4
	RETURNING ` + of("t", tokenColumns) + `, o.generation AS old_generation, o.issued_at AS old_issued_at, o.expires_at AS old_expires_at
), revoked AS (
	INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at)
	SELECT $2, session_id, old_generation, old_issued_at, old_expires_at, $7, $4 FROM t
), s AS (
	UPDATE sessions AS s
	SET generation = t.generation, last_used_at = $4, rotated = CASE WHEN $7 = 'rotated' THEN t.old_generation ELSE s.rotated END
	FROM t WHERE s.id = t.session_id
	RETURNING ` + of("s", sessionColumns) + `
)
SELECT ` + stateColumns + ` FROM t JOIN s ON s.id = t.session_id JOIN users AS u ON u.id = s.user_id`

func (r sessions) Rotate(ctx context.Context, rot ports.Rotation) (ports.Rotated, error) {
	now := stamp(rot.Now)
	// The successor's times, but for the session's end: the statement sees to it.
	next := domain.Session{ExpiresAt: now.Add(rot.Life)}.Token(rot.NextJTI, now, rot.Life)
	if !r.db.isPostgres() {
		return r.rotateSQLite(ctx, rot, next)
	}
	var row stateRow
	err := r.attempt(ctx, func() error {
		return r.native(func(q querier) error {
			return q.QueryRow(ctx, rotate, rot.SessionID, rot.JTI, rot.NextJTI, now, next.IssuedAt, next.ExpiresAt, string(rot.Reason)).
				Scan(row.fields()...)
		})
	})
	if err != nil {
		return ports.Rotated{}, fail("rotate a refresh token", err)
	}
	return row.state(), nil
}

func (r sessions) rotateSQLite(ctx context.Context, rot ports.Rotation, next domain.RefreshToken) (ports.Rotated, error) {
	now := stamp(rot.Now)
	var rotated ports.Rotated
	err := r.atomically(ctx, func(tx scope) error {
		err := one(tx.write.NewRaw("INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at) "+
			"SELECT t.jti, t.session_id, t.generation, t.issued_at, t.expires_at, ?, ? "+
			"FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session_id "+
			"WHERE t.session_id = ? AND t.jti = ? AND "+live, rot.Reason, now, rot.SessionID, rot.JTI, now, now).Exec(ctx))
		if err != nil {
			return fail("revoke a refresh token", err)
		}
		_, err = tx.write.NewRaw("UPDATE sessions SET generation = generation + 1, last_used_at = ?, "+
			"rotated = CASE WHEN ? = 'rotated' THEN generation ELSE rotated END WHERE id = ?", now, rot.Reason, rot.SessionID).Exec(ctx)
		if err != nil {
			return fail("advance a session", err)
		}
		_, err = tx.write.NewRaw("UPDATE refresh_tokens SET jti = ?, generation = generation + 1, issued_at = ?, "+
			"expires_at = min(?, (SELECT expires_at FROM sessions WHERE id = session_id)) WHERE session_id = ?",
			next.JTI, next.IssuedAt, next.ExpiresAt, rot.SessionID).Exec(ctx)
		if err != nil {
			return fail("replace a refresh token", err)
		}
		// A successor can be past its end already, when its life is less than a second.
		rotated, err = sessions{tx}.state(ctx, rot.SessionID, time.Time{}, "")
		return fail("read a rotated session", err)
	})
	return rotated, err
}
