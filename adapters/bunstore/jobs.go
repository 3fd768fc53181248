package bunstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"coffeeshop/ports"
)

// jobs enqueues outside a transaction: one of its own for each call.
type jobs struct{ scope }

func (j jobs) SendChallenge(ctx context.Context, challenge uuid.UUID) error {
	return j.atomically(ctx, func(tx scope) error { return tx.Jobs().SendChallenge(ctx, challenge) })
}

func (j jobs) SendNotice(ctx context.Context, notice uuid.UUID) error {
	return j.atomically(ctx, func(tx scope) error { return tx.Jobs().SendNotice(ctx, notice) })
}

// guardedJobs keeps everything else off the connection while a job is enqueued.
type guardedJobs struct {
	native func(func(*pgx.Conn) error) error
	jobs   ports.Jobs
}

func (j guardedJobs) SendChallenge(ctx context.Context, challenge uuid.UUID) error {
	return fail("enqueue a job", j.native(func(*pgx.Conn) error { return j.jobs.SendChallenge(ctx, challenge) }))
}

func (j guardedJobs) SendNotice(ctx context.Context, notice uuid.UUID) error {
	return fail("enqueue a job", j.native(func(*pgx.Conn) error { return j.jobs.SendNotice(ctx, notice) }))
}

// noJobs is for a store that was opened without a queue.
type noJobs struct{}

var errNoQueue = errors.New("the store was opened without a queue of jobs")

func (noJobs) SendChallenge(context.Context, uuid.UUID) error { return errNoQueue }
func (noJobs) SendNotice(context.Context, uuid.UUID) error    { return errNoQueue }
