// Package riverjobs does work later, with River, in the database of the store: Queue puts jobs into the store's
// transactions, Worker runs them.
package riverjobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"coffeeshop/ports"
)

// Queue enqueues jobs and works none: it needs no database of its own, and the store can be made before anything
// that the jobs need.
type Queue struct {
	postgres *river.Client[pgx.Tx]
	sqlite   *river.Client[*sql.Tx]
}

// NewQueue returns a queue for both engines.
func NewQueue() (*Queue, error) {
	config := &river.Config{Logger: slog.New(slog.DiscardHandler)} // errors are returned
	postgres, err := river.NewClient(riverpgxv5.New(nil), config)
	if err != nil {
		return nil, fmt.Errorf("set up the queue for PostgreSQL: %w", err)
	}
	sqlite, err := river.NewClient(riversqlite.New(nil), config)
	if err != nil {
		return nil, fmt.Errorf("set up the queue for SQLite: %w", err)
	}
	return &Queue{postgres: postgres, sqlite: sqlite}, nil
}

// InPostgres enqueues inside tx; no rows may be open on its connection. Of tx only its statements are used.
func (q *Queue) InPostgres(tx pgx.Tx) ports.Jobs { return jobs[pgx.Tx]{q.postgres, tx} }

// InSQLite enqueues inside tx.
func (q *Queue) InSQLite(tx *sql.Tx) ports.Jobs { return jobs[*sql.Tx]{q.sqlite, tx} }

type jobs[Tx any] struct {
	client *river.Client[Tx]
	tx     Tx
}

var _ ports.Jobs = jobs[pgx.Tx]{}

func (j jobs[Tx]) SendChallenge(ctx context.Context, challenge uuid.UUID) error {
	return j.insert(ctx, sendChallenge{challenge})
}

func (j jobs[Tx]) SendNotice(ctx context.Context, notice uuid.UUID) error {
	return j.insert(ctx, sendNotice{notice})
}

// insert does not read the job's row back.
func (j jobs[Tx]) insert(ctx context.Context, args river.JobArgs) error {
	if _, err := j.client.InsertManyFastTx(ctx, j.tx, []river.InsertManyParams{{Args: args}}); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}
