package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Audit keeps events.
type Audit interface {
	Append(ctx context.Context, e domain.AuditEvent) error
	// Forget clears network, user agent and details of all events of which the user is actor or subject.
	Forget(ctx context.Context, user uuid.UUID) error
	// DeleteBefore removes up to limit events that are older than the given time, and returns how many. Concurrent
	// calls do not wait for each other's rows.
	DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error)
}
