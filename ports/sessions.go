package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Authenticated is the state behind an access token.
type Authenticated struct {
	User         domain.User
	Generation   int64     // the session's current one
	InUse        bool      // as domain.Session.InUse
	SupersededAt time.Time // when the token's generation was superseded; zero: it was not
}

// Rotation asks for the exchange of a session's refresh token.
type Rotation struct {
	JTI    uuid.UUID               // of the token that gives way; it has to be the session's current one
	Reason domain.RevocationReason // domain.ReasonRotated or domain.ReasonSuperseded
	// Next takes its place in its session. The store sets its generation, and ends it with the session at the latest.
	Next domain.RefreshToken
	Now  time.Time
}

// SessionState is a session with its user and its current refresh token.
type SessionState struct {
	User    domain.User
	Session domain.Session
	Token   domain.RefreshToken
}

// Sessions keeps sessions, the whitelist (the current refresh token of each session) and the blacklist (earlier ones).
// An ended session has no row. One past its ExpiresAt, or with an expired current token, may have a row until it is
// purged, but counts as absent in every method that takes a time; Authenticate ignores the token.
type Sessions interface {
	// Create stores a session with its first token; domain.ErrNotFound when the user is gone.
	Create(ctx context.Context, s domain.Session, t domain.RefreshToken) error

	// Authenticate atomically reads the state behind an access token of a session and generation. It does not look at
	// the refresh token: an access token has to end with the one that it came with, or before. With custom, the user has
	// its custom fields. Not inside InTx.
	Authenticate(ctx context.Context, id uuid.UUID, generation int64, now time.Time, custom bool) (Authenticated, error)
	// MarkDelivered sets DeliveredGeneration to generation if that is the session's current one. For any other generation,
	// or when repeated, it changes nothing and returns no error. Not inside InTx.
	MarkDelivered(ctx context.Context, id uuid.UUID, generation int64) error

	// Rotate atomically replaces the current token, moves it into the blacklist, and takes the session, last used
	// now, into its next generation. With domain.ReasonRotated it also sets RotatedGeneration. It returns the state
	// afterwards. Of any number of calls with the same JTI exactly one succeeds; the others, and those for an absent
	// session, get domain.ErrNotFound.
	Rotate(ctx context.Context, r Rotation) (SessionState, error)

	// Touch sets LastUsedAt to now; no error when the session is gone.
	Touch(ctx context.Context, id uuid.UUID, now time.Time) error

	// Lock returns a session and keeps others from rotating or ending it until the end of the transaction. Only
	// inside InTx.
	Lock(ctx context.Context, id uuid.UUID, now time.Time) (SessionState, error)
	// Revoked returns the blacklist's record of a token.
	Revoked(ctx context.Context, jti uuid.UUID) (domain.RevokedToken, error)
	// ByUser returns the user's sessions, newest first.
	ByUser(ctx context.Context, user uuid.UUID, now time.Time) ([]domain.Session, error)

	// End removes a session and moves its current token into the blacklist; of concurrent calls one succeeds,
	// the others get domain.ErrNotFound.
	End(ctx context.Context, id uuid.UUID, reason domain.RevocationReason, now time.Time) error
	// EndAll ends all sessions of a user but the one named by except (uuid.Nil: none), and returns how many.
	EndAll(ctx context.Context, user, except uuid.UUID, reason domain.RevocationReason, now time.Time) (int, error)
	// EndOldest ends the user's oldest sessions until at most keep are left, and returns how many it ended.
	EndOldest(ctx context.Context, user uuid.UUID, keep int, reason domain.RevocationReason, now time.Time) (int, error)

	// DeleteExpired removes up to limit sessions that have reached their end or whose current token has expired,
	// and up to limit expired rows of the blacklist, and returns how many rows it removed in all. Concurrent
	// calls do not wait for each other's rows.
	DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error)
}
