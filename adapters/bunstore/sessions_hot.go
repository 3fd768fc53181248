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

// The statements of the hot path, for PostgreSQL; SQLite's are the same with ?1 instead of $1.
var (
	authenticate                                 = authenticating("")
	authenticateCustom                           = authenticating(", " + of("u", customColumns))
	authenticateSQLite, authenticateCustomSQLite = strings.ReplaceAll(authenticate, "$", "?"), strings.ReplaceAll(authenticateCustom, "$", "?")

	markDelivered       = "UPDATE sessions SET delivered = $2 WHERE id = $1 AND generation = $2 AND delivered < $2"
	markDeliveredSQLite = strings.ReplaceAll(markDelivered, "$", "?")
)

// authenticating is the statement of Authenticate, with further columns behind those of the user.
func authenticating(further string) string {
	return "SELECT " + of("u", userColumns) + further + ", s.generation, s.delivered, CASE WHEN s.generation <> $2 THEN (" +
		"SELECT max(r.revoked_at) FROM revoked_refresh_tokens AS r " +
		"WHERE r.session_id = s.id AND r.generation = $2 AND r.reason = 'superseded') END " +
		"FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = $1 AND s.expires_at > $3"
}

func (r sessions) Authenticate(ctx context.Context, id uuid.UUID, generation int64, now time.Time, custom bool) (ports.Authenticated, error) {
	if err := r.refuseTx(); err != nil {
		return ports.Authenticated{}, err
	}
	var u wholeUser
	var s domain.Session
	var superseded maybeTime
	text, textSQLite, fields := authenticate, authenticateSQLite, u.userRow.fields()
	if custom {
		text, textSQLite, fields = authenticateCustom, authenticateCustomSQLite, u.fields()
	}
	fields = append(fields, &s.Generation, &s.DeliveredGeneration, &superseded)
	err := ctx.Err()
	switch {
	case err != nil:
	case r.db.isPostgres():
		err = r.queryRow(ctx, fields, text, id, generation, stamp(now))
	default:
		// The read takes microseconds, and no writer keeps it waiting: to watch over ctx meanwhile would cost as much again.
		err = r.read.scan(context.WithoutCancel(ctx), fields, textSQLite, id, generation, stamp(now))
	}
	if err != nil {
		return ports.Authenticated{}, mapError("read a session", err)
	}
	return ports.Authenticated{User: u.user(), Generation: s.Generation, InUse: s.InUse(), SupersededAt: superseded.Time}, nil
}

func (r sessions) MarkDelivered(ctx context.Context, id uuid.UUID, generation int64) error {
	err := r.refuseTx()
	switch {
	case err != nil:
	case r.db.isPostgres():
		_, err = r.db.pool.Exec(ctx, markDelivered, r.db.prepared([]any{id, generation})...)
	default:
		_, err = r.write.ExecContext(ctx, markDeliveredSQLite, id, generation)
	}
	return mapError("mark a session's tokens as delivered", err)
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

// rotate is one round trip. It locks the token's row: of several statements that wait for it, all but the first find
// another jti there. o is the row before the update; an unchanged jti proves that the row is unchanged.
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

func (r sessions) Rotate(ctx context.Context, o ports.Rotation) (ports.SessionState, error) {
	if !r.db.isPostgres() {
		return r.rotateSQLite(ctx, o)
	}
	var row stateRow
	err := r.retryAlone(ctx, func() error {
		return r.queryRow(ctx, row.fields(), rotate, o.Next.SessionID, o.JTI, o.Next.JTI, stamp(o.Now), stamp(o.Next.IssuedAt), stamp(o.Next.ExpiresAt), string(o.Reason))
	})
	if err != nil {
		return ports.SessionState{}, mapError("rotate a refresh token", err)
	}
	return row.state(), nil
}

func (r sessions) rotateSQLite(ctx context.Context, o ports.Rotation) (after ports.SessionState, err error) {
	id, now := o.Next.SessionID, stamp(o.Now)
	err = r.atomically(ctx, func(tx scope) error {
		err := one(tx.write.ExecContext(ctx, "INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at) "+
			"SELECT t.jti, t.session_id, t.generation, t.issued_at, t.expires_at, ?, ? "+
			"FROM refresh_tokens AS t JOIN sessions AS s ON s.id = t.session_id "+
			"WHERE t.session_id = ? AND t.jti = ? AND "+live, string(o.Reason), now, id, o.JTI, now, now))
		if err != nil {
			return mapError("revoke a refresh token", err)
		}
		_, err = tx.write.ExecContext(ctx, "UPDATE sessions SET generation = generation + 1, last_used_at = ?, "+
			"rotated = CASE WHEN ? = 'rotated' THEN generation ELSE rotated END WHERE id = ?", now, string(o.Reason), id)
		if err != nil {
			return mapError("advance a session", err)
		}
		_, err = tx.write.ExecContext(ctx, "UPDATE refresh_tokens SET jti = ?, generation = generation + 1, issued_at = ?, "+
			"expires_at = min(?, (SELECT expires_at FROM sessions WHERE id = session_id)) WHERE session_id = ?",
			o.Next.JTI, stamp(o.Next.IssuedAt), stamp(o.Next.ExpiresAt), id)
		if err != nil {
			return mapError("replace a refresh token", err)
		}
		// A successor that lives for less than a second can have expired already.
		after, err = sessions{tx}.state(ctx, id, time.Time{}, "")
		return mapError("read a rotated session", err)
	})
	return after, err
}
