package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type challenges struct{ scope }

var _ ports.Challenges = challenges{}

type challengeRow struct {
	ID            uuid.UUID
	Purpose       domain.Purpose
	Email         string
	EmailKey      string
	UserID        uuid.NullUUID
	Locale        domain.Locale
	Guesses       int
	Source        domain.Source
	SignedUpAt    *time.Time
	SignUpNetwork string
	CreatedAt     time.Time
	HandOvers     int
	HandedOverAt  *time.Time
	ExpiresAt     time.Time
}

const challengeColumns = "id, purpose, email, email_key, user_id, locale, guesses, ip, user_agent, request_id, " +
	"created_at, hand_overs, handed_over_at, expires_at, signed_up_at, sign_up_network"

func (r *challengeRow) fields() []any {
	return []any{&r.ID, (*string)(&r.Purpose), &r.Email, &r.EmailKey, &r.UserID, (*string)(&r.Locale), &r.Guesses,
		&r.Source.IP, &r.Source.UserAgent, &r.Source.RequestID, &r.CreatedAt, &r.HandOvers, &r.HandedOverAt, &r.ExpiresAt, &r.SignedUpAt, &r.SignUpNetwork}
}

func (r challengeRow) challenge() domain.Challenge {
	return domain.Challenge{
		ID: r.ID, Purpose: r.Purpose, Email: domain.Email{Address: r.Email, Key: r.EmailKey}, UserID: r.UserID.UUID, Locale: r.Locale,
		Guesses: r.Guesses, Source: r.Source, CreatedAt: utc(r.CreatedAt),
		HandOvers: r.HandOvers, HandedOverAt: orZero(r.HandedOverAt), ExpiresAt: utc(r.ExpiresAt),
		SignUp: domain.SignUp{At: orZero(r.SignedUpAt), Network: r.SignUpNetwork},
	}
}

func (r challenges) Create(ctx context.Context, c domain.Challenge) error {
	row := challengeRow{
		ID: c.ID, Purpose: c.Purpose, Email: c.Email.Address, EmailKey: c.Email.Key, UserID: orNull(c.UserID), Locale: c.Locale,
		Guesses: c.Guesses, Source: c.Source, CreatedAt: stamp(c.CreatedAt),
		HandOvers: c.HandOvers, HandedOverAt: optional(c.HandedOverAt), ExpiresAt: stamp(c.ExpiresAt),
		SignedUpAt: optional(c.SignUp.At), SignUpNetwork: c.SignUp.Network,
	}
	_, err := r.write.insert(ctx, "challenges", challengeColumns, row.fields(), "")
	return mapError("create a challenge", err)
}

func (r challenges) ByID(ctx context.Context, id uuid.UUID) (domain.Challenge, error) {
	var row challengeRow
	err := r.read.scan(ctx, row.fields(), "SELECT "+challengeColumns+" FROM challenges WHERE id = ?", id)
	return row.challenge(), mapError("read a challenge", err)
}

func (r challenges) Live(ctx context.Context, p domain.Purpose, key string, now time.Time) ([]domain.Challenge, error) {
	found, err := list(ctx, r.read, (*challengeRow).fields, challengeRow.challenge, "SELECT "+challengeColumns+" FROM challenges "+
		"WHERE email_key = ? AND purpose = ? AND expires_at > ? ORDER BY created_at DESC, id DESC", key, string(p), stamp(now))
	return found, mapError("read the challenges of an address", err)
}

// CountGuess locks the rows in the order of their ids, and then looks at their counts again.
func (r challenges) CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error {
	_, err := r.write.ExecContext(ctx, "WITH open AS MATERIALIZED (SELECT id FROM challenges "+
		"WHERE email_key = ? AND purpose = ? AND expires_at > ? AND guesses < ? ORDER BY id"+r.forUpdate("")+") "+
		"UPDATE challenges SET guesses = guesses + 1 WHERE id IN (SELECT id FROM open) AND guesses < ?",
		key, string(p), stamp(now), domain.MaxGuesses, domain.MaxGuesses)
	return mapError("count a guess", err)
}

func (r challenges) Consume(ctx context.Context, id uuid.UUID, now time.Time) error {
	return mapError("consume a challenge", one(r.write.ExecContext(ctx, "DELETE FROM challenges WHERE id = ? AND expires_at > ?", id, stamp(now))))
}

func (r challenges) BeginHandOver(ctx context.Context, id uuid.UUID, now, expires time.Time) error {
	_, err := r.write.ExecContext(ctx, "UPDATE challenges SET hand_overs = hand_overs + 1, "+
		"handed_over_at = CASE WHEN hand_overs = 0 THEN ? ELSE handed_over_at END, "+
		"expires_at = CASE WHEN hand_overs = 0 THEN ? ELSE expires_at END WHERE id = ?", stamp(now), stamp(expires), id)
	return mapError("begin to hand a mail over", err)
}

func (r challenges) UndoHandOver(ctx context.Context, id uuid.UUID, expires time.Time) error {
	_, err := r.write.ExecContext(ctx, "UPDATE challenges SET hand_overs = hand_overs - 1, "+
		"handed_over_at = CASE WHEN hand_overs = 1 THEN NULL ELSE handed_over_at END, "+
		"expires_at = CASE WHEN hand_overs = 1 THEN ? ELSE expires_at END WHERE id = ? AND hand_overs > 0", stamp(expires), id)
	return mapError("take a hand-over back", err)
}

func (r challenges) DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error {
	return mapError("delete the challenges of an address", r.delete(ctx, "email_key = ? AND purpose = ?", key, string(p)))
}

func (r challenges) DeleteByUser(ctx context.Context, user uuid.UUID) error {
	return mapError("delete the challenges of a user", r.delete(ctx, "user_id = ?", user))
}

// delete locks the rows in the order of their ids, as CountGuess does, so that no two transactions wait in a circle.
func (r challenges) delete(ctx context.Context, where string, args ...any) error {
	_, err := r.write.ExecContext(ctx, "DELETE FROM challenges WHERE id IN (SELECT id FROM challenges WHERE "+where+" ORDER BY id"+r.forUpdate("")+")", args...)
	return err
}

func (r challenges) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "challenges", "id", "expires_at", stamp(now), limit)
	return n, mapError("delete expired challenges", err)
}

func orNull(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }
