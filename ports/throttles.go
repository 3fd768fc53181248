package ports

import (
	"context"
	"time"

	"coffeeshop/domain"
)

// Throttles limits how often something happens, by the generic cell rate algorithm, and remembers keys for a
// while. Replicas share both.
type Throttles interface {
	// Take atomically takes one unit of the budget of key, and returns zero; or it takes nothing, and returns the
	// time until there is one. Concurrent calls together never get more than the budget.
	Take(ctx context.Context, key string, b domain.Budget, now time.Time) (wait time.Duration, err error)
	// Wait returns the result that Take would have now, and takes nothing.
	Wait(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error)
	// Return gives one unit back, if one is in use.
	Return(ctx context.Context, key string, b domain.Budget) error
	// Reset restores the full budget and returns how many units of it were in use, rounded up.
	Reset(ctx context.Context, key string, b domain.Budget, now time.Time) (inUse int, err error)
	// DeleteIdle removes up to limit throttles that are back at their full budget, and returns how many.
	DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error)

	// Remember keeps a key until the given time; a later time replaces an earlier one.
	Remember(ctx context.Context, key string, until time.Time) error
	// Remembered reports whether a key is remembered.
	Remembered(ctx context.Context, key string, now time.Time) (bool, error)
	// DeleteForgotten removes up to limit keys whose time has passed, and returns how many.
	DeleteForgotten(ctx context.Context, now time.Time, limit int) (int, error)
}
