package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Challenges keeps challenges until they are answered or purged.
type Challenges interface {
	// Create stores a challenge. Its user, if it has one, is locked before.
	Create(ctx context.Context, c domain.Challenge) error
	ByID(ctx context.Context, id uuid.UUID) (domain.Challenge, error)
	// Live returns the challenges of an address that have not expired, newest first.
	Live(ctx context.Context, p domain.Purpose, key string, now time.Time) ([]domain.Challenge, error)
	// CountGuess counts a wrong guess on each live challenge of the address that has fewer than domain.MaxGuesses.
	CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error
	// Consume removes a live challenge: of concurrent calls one succeeds, the others get domain.ErrNotFound.
	Consume(ctx context.Context, id uuid.UUID, now time.Time) error
	// BeginHandOver counts a try to hand the mail over. The first one sets HandedOverAt to now and ExpiresAt to
	// expires. No error when the challenge is gone.
	BeginHandOver(ctx context.Context, id uuid.UUID, now, expires time.Time) error
	// UndoHandOver uncounts a try that certainly failed. With the last one HandedOverAt is zero again and ExpiresAt
	// is expires. No error when the challenge is gone or has no try.
	UndoHandOver(ctx context.Context, id uuid.UUID, expires time.Time) error
	// DeleteByAddress removes the challenges of an address for a purpose.
	DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error
	// DeleteByUser removes all challenges of a user.
	DeleteByUser(ctx context.Context, user uuid.UUID) error
	// DeleteExpired removes up to limit expired challenges and returns how many.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
