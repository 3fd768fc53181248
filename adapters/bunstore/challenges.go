package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type challenges struct{ scope }

var _ ports.Challenges = challenges{}

type challengeRow struct {
	bun.BaseModel `bun:"table:challenges,alias:c"`

	ID       uuid.UUID `bun:",pk"`
	Purpose  domain.Purpose
	Email    string
	EmailKey string
	UserID   uuid.NullUUID
	Locale   domain.Locale
	Guesses  int
	domain.Source
	CreatedAt    time.Time
	HandOvers    int
	HandedOverAt *time.Time
	ExpiresAt    time.Time
}

func (r challengeRow) challenge() domain.Challenge {
	return domain.Challenge{
		ID: r.ID, Purpose: r.Purpose, Email: domain.Email{Address: r.Email, Key: r.EmailKey}, UserID: r.UserID.UUID, Locale: r.Locale,
		Guesses: r.Guesses, Source: r.Source, CreatedAt: utc(r.CreatedAt),
		HandOvers: r.HandOvers, HandedOverAt: orZero(r.HandedOverAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

func (r challenges) Create(ctx context.Context, c domain.Challenge) error {
	row := challengeRow{
		ID: c.ID, Purpose: c.Purpose, Email: c.Email.Address, EmailKey: c.Email.Key, UserID: orNull(c.UserID), Locale: c.Locale,
		Guesses: c.Guesses, Source: c.Source, CreatedAt: stamp(c.CreatedAt),
		HandOvers: c.HandOvers, HandedOverAt: optional(c.HandedOverAt), ExpiresAt: stamp(c.ExpiresAt),
	}
	_, err := r.write.NewInsert().Model(&row).Exec(ctx)
	return mapError("create a challenge", err)
}

func (r challenges) ByID(ctx context.Context, id uuid.UUID) (domain.Challenge, error) {
	var row challengeRow
	err := r.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.challenge(), mapError("read a challenge", err)
}

func (r challenges) Live(ctx context.Context, p domain.Purpose, key string, now time.Time) ([]domain.Challenge, error) {
	var rows []challengeRow
	err := r.read.NewSelect().Model(&rows).Where("email_key = ? AND purpose = ? AND expires_at > ?", key, p, stamp(now)).
		OrderExpr("created_at DESC, id DESC").Scan(ctx)
	return each(rows, challengeRow.challenge), mapError("read the challenges of an address", err)
}

// CountGuess locks the rows in the order of their ids, and then looks at their counts again.
func (r challenges) CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error {
	_, err := r.write.NewRaw("WITH open AS MATERIALIZED (SELECT id FROM challenges "+
		"WHERE email_key = ? AND purpose = ? AND expires_at > ? AND guesses < ? ORDER BY id ?) "+
		"UPDATE challenges SET guesses = guesses + 1 WHERE id IN (SELECT id FROM open) AND guesses < ?",
		key, p, stamp(now), domain.MaxGuesses, r.forUpdate(""), domain.MaxGuesses).Exec(ctx)
	return mapError("count a guess", err)
}

func (r challenges) Consume(ctx context.Context, id uuid.UUID, now time.Time) error {
	return mapError("consume a challenge", one(r.write.NewRaw("DELETE FROM challenges WHERE id = ? AND expires_at > ?", id, stamp(now)).Exec(ctx)))
}

func (r challenges) BeginHandOver(ctx context.Context, id uuid.UUID, now, expires time.Time) error {
	_, err := r.write.NewRaw("UPDATE challenges SET hand_overs = hand_overs + 1, "+
		"handed_over_at = CASE WHEN hand_overs = 0 THEN ? ELSE handed_over_at END, "+
		"expires_at = CASE WHEN hand_overs = 0 THEN ? ELSE expires_at END WHERE id = ?", stamp(now), stamp(expires), id).Exec(ctx)
	return mapError("begin to hand a mail over", err)
}

func (r challenges) UndoHandOver(ctx context.Context, id uuid.UUID, expires time.Time) error {
	_, err := r.write.NewRaw("UPDATE challenges SET hand_overs = hand_overs - 1, "+
		"handed_over_at = CASE WHEN hand_overs = 1 THEN NULL ELSE handed_over_at END, "+
		"expires_at = CASE WHEN hand_overs = 1 THEN ? ELSE expires_at END WHERE id = ? AND hand_overs > 0", stamp(expires), id).Exec(ctx)
	return mapError("take a hand-over back", err)
}

func (r challenges) DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error {
	return mapError("delete the challenges of an address", r.delete(ctx, "email_key = ? AND purpose = ?", key, p))
}

func (r challenges) DeleteByUser(ctx context.Context, user uuid.UUID) error {
	return mapError("delete the challenges of a user", r.delete(ctx, "user_id = ?", user))
}

// delete locks the rows in the order of their ids, as CountGuess does, so that no two transactions wait in a circle.
func (r challenges) delete(ctx context.Context, where string, args ...any) error {
	_, err := r.write.NewRaw("DELETE FROM challenges WHERE id IN (SELECT id FROM challenges WHERE "+where+" ORDER BY id ?)",
		append(args, r.forUpdate(""))...).Exec(ctx)
	return err
}

func (r challenges) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "challenges", "id", "expires_at", stamp(now), limit)
	return n, mapError("delete expired challenges", err)
}

func orNull(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
