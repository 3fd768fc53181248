package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// AuditWalk is how many events a call of Audit.List looks at. It reads each twice: first the place where the walk ends.
const AuditWalk = ListReads / 2

// Audit keeps events.
type Audit interface {
	Append(ctx context.Context, e domain.AuditEvent) error
	// List returns up to q.Limit events that fit, newest first, from q.After on. An event added or removed meanwhile
	// neither repeats nor hides another. Not inside InTx.
	//
	// One call reads at most ListReads rows: it looks at the next AuditWalk events of the subject, else of the actor, else
	// of all, between q.Since and q.Until, and returns those that fit. When not all of them do, Next may be the last one
	// that was looked at.
	List(ctx context.Context, q domain.AuditQuery) (domain.AuditPage, error)
	// Forget clears network, user agent and details of all events of which the user is actor or subject.
	Forget(ctx context.Context, user uuid.UUID) error
	// DeleteBefore removes up to limit events that are older than the given time, and returns how many. Concurrent
	// calls do not wait for each other's rows.
	DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error)
}
