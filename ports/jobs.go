package ports

import (
	"context"

	"github.com/google/uuid"
)

// Jobs enqueues work that is done later, only inside InTx: the work becomes visible with the commit, and never without
// it. Jobs carry ids and nothing else.
//
// The worker, which has no port, runs a job until it returns nil, at least once: again after an error, with growing
// pauses, for about a day, and within a minute after the death of its process. A job whose mail was rejected (ErrRejected),
// or that has failed for a day, is dead: it is kept for a week, and an operator may have it run again. Any process that works finds it. Periodic work, such as purging, runs
// once at a time across all processes. A worker that stops takes no new job, lets those at work end in the time it has,
// and leaves the others to the next start. Store and queue are one choice, since they share the transaction.
type Jobs interface {
	// SendChallenge mails the codes of a challenge.
	SendChallenge(ctx context.Context, challenge uuid.UUID) error
	// SendNotice mails a notice and deletes it.
	SendNotice(ctx context.Context, notice uuid.UUID) error
}
