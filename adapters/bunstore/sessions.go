package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type sessions struct{ scope }

var _ ports.Sessions = sessions{}

// live is true for a session that has not ended by itself; it takes the time twice.
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
		err := one(tx.insert(ctx, "sessions", sessionColumns, s.fields(), "FROM users WHERE id = ?", s.UserID))
		if err != nil && violatesReference(err) {
			return domain.ErrNotFound // the user went at the same time
		}
		if err == nil {
			_, err = tx.write.NewInsert().Model(&t).Exec(ctx)
		}
		return mapError("create a session", err)
	})
}

func (r sessions) Touch(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := r.write.NewRaw("UPDATE sessions SET last_used_at = ? WHERE id = ?", stamp(now), id).Exec(ctx)
	return mapError("note the use of a session", err)
}

func (r sessions) Lock(ctx context.Context, id uuid.UUID, now time.Time) (ports.SessionState, error) {
	if err := r.requireTx(); err != nil {
		return ports.SessionState{}, err
	}
	// Whoever rotates or ends a session takes its token first. Only what is selected after that is current, so
	// two statements are needed; the second also waits for a delivery that is being marked.
	if r.db.isPostgres() {
		if _, err := r.write.NewRaw("SELECT 1 FROM refresh_tokens WHERE session_id = ? FOR UPDATE", id).Exec(ctx); err != nil {
			return ports.SessionState{}, mapError("lock a session", err)
		}
	}
	state, err := r.state(ctx, id, now, r.forUpdate("OF s"))
	return state, mapError("lock a session", err)
}

// state reads a live session with its user and token.
func (r sessions) state(ctx context.Context, id uuid.UUID, now time.Time, lock bun.Safe) (ports.SessionState, error) {
	var row stateRow
	err := r.write.QueryRowContext(ctx, "SELECT "+stateColumns+" FROM sessions AS s "+
		"JOIN refresh_tokens AS t ON t.session_id = s.id JOIN users AS u ON u.id = s.user_id "+
		"WHERE s.id = ? AND "+live+" ?", id, stamp(now), stamp(now), lock).Scan(row.fields()...)
	return row.state(), err
}

func (r sessions) ByUser(ctx context.Context, user uuid.UUID, now time.Time) ([]domain.Session, error) {
	var rows []sessionRow
	err := r.read.NewSelect().Model(&rows).Join("JOIN refresh_tokens AS t ON t.session_id = s.id").
		Where("s.user_id = ?", user).Where(live, stamp(now), stamp(now)).
		OrderExpr("s.created_at DESC, s.id DESC").Scan(ctx)
	return each(rows, sessionRow.session), mapError("read the sessions of a user", err)
}

// revokedRow is a row of the blacklist.
type revokedRow struct {
	bun.BaseModel `bun:"table:revoked_refresh_tokens,alias:r"`

	JTI        uuid.UUID `bun:"jti,pk"`
	SessionID  uuid.UUID
	Generation int64
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Reason     domain.RevocationReason
	RevokedAt  time.Time
}

func (r sessions) Revoked(ctx context.Context, jti uuid.UUID) (domain.RevokedToken, error) {
	var row revokedRow
	if err := r.read.NewSelect().Model(&row).Where("jti = ?", jti).Scan(ctx); err != nil {
		return domain.RevokedToken{}, mapError("read a revoked token", err)
	}
	return domain.RevokedToken{
		RefreshToken: domain.RefreshToken{JTI: row.JTI, SessionID: row.SessionID, Generation: row.Generation,
			IssuedAt: utc(row.IssuedAt), ExpiresAt: utc(row.ExpiresAt)},
		Reason: row.Reason, RevokedAt: utc(row.RevokedAt),
	}, nil
}
