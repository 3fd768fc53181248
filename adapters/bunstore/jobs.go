package bunstore

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"coffeeshop/ports"
)

// guardedJobs keeps all else off the transaction's connection while a job is enqueued.
type guardedJobs struct {
	alone func(func() error) error
	jobs  ports.Jobs
}

func (j guardedJobs) SendChallenge(ctx context.Context, challenge uuid.UUID) error {
	return mapError("enqueue a job", j.alone(func() error { return j.jobs.SendChallenge(ctx, challenge) }))
}

func (j guardedJobs) SendNotice(ctx context.Context, notice uuid.UUID) error {
	return mapError("enqueue a job", j.alone(func() error { return j.jobs.SendNotice(ctx, notice) }))
}

// refusingJobs enqueues nothing.
type refusingJobs struct{ err error }

var errNoQueue = errors.New("the store was opened without a queue of jobs")

func (j refusingJobs) SendChallenge(context.Context, uuid.UUID) error { return j.err }
func (j refusingJobs) SendNotice(context.Context, uuid.UUID) error    { return j.err }
