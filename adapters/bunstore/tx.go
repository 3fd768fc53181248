package bunstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"coffeeshop/ports"
)

// transaction is the part of a scope that exists only inside InTx.
type transaction struct {
	pg    pgx.Tx                   // PostgreSQL only
	alone func(func() error) error // runs a function that uses pg, and keeps Bun off the connection meanwhile
	jobs  ports.Jobs
}

// InTx runs fn in a transaction: READ COMMITTED on PostgreSQL, the only writing one on SQLite.
func (s scope) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	if s.tx != nil {
		return errors.New("transactions do not nest")
	}
	return s.atomically(ctx, func(tx scope) error { return fn(tx) })
}

// atomically runs fn in the transaction that s is, or in a new one.
func (s scope) atomically(ctx context.Context, fn func(tx scope) error) error {
	if s.tx != nil {
		return fn(s)
	}
	alone := false
	err := retry(ctx, func() error {
		if s.db.isPostgres() {
			return s.db.inPostgres(ctx, fn)
		}
		err := s.db.inSQLite(ctx, alone, fn)
		alone = alone || errors.Is(err, errGroupEnded)
		return err
	})
	if err != nil && !known(err) {
		return mapError("run a transaction", err)
	}
	return err
}

// retryAlone runs a single statement, again when it loses. Inside a transaction, which loses with it, it runs it once.
func (s scope) retryAlone(ctx context.Context, fn func() error) error {
	if s.tx != nil {
		return fn()
	}
	return retry(ctx, fn)
}

const (
	tries     = 6
	firstWait = 4 * time.Millisecond // doubled each time
)

// retry runs fn again while it loses against other transactions.
func retry(ctx context.Context, fn func() error) error {
	for i := range tries {
		err := fn()
		if err == nil || !lost(err) || i == tries-1 {
			return err
		}
		wait := firstWait << i
		select {
		case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // jitter is no secret
		case <-ctx.Done():
			return err
		}
	}
	return nil // not reached
}

// rollbackTime bounds a roll-back, which happens even when the caller's context has ended.
const rollbackTime = 5 * time.Second

// inPostgres begins the transaction on pgx, so that Bun, the prepared statements and the queue of jobs work on the same
// connection. (database/sql would roll back by itself, between their statements, when ctx ends.)
func (db *DB) inPostgres(ctx context.Context, fn func(tx scope) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return mapError("begin a transaction", err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool, which drops a broken one
	var tx pgx.Tx
	err = conn.Raw(func(driver any) (err error) {
		tx, err = driver.(*stdlib.Conn).Conn().Begin(ctx)
		return err
	})
	if err != nil {
		return mapError("begin a transaction", err)
	}
	alone := func(fn func() error) error { return conn.Raw(func(any) error { return fn() }) }
	committing := false
	defer func() {
		if !committing { // an error or a panic; when the roll-back fails, pgx closes the connection, which rolls back as well
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
			defer cancel()
			_ = alone(func() error { return tx.Rollback(ctx) })
		}
	}()
	t := &transaction{pg: preparingTx{tx, db}, alone: alone, jobs: refusingJobs{errNoQueue}}
	if db.jobs != nil {
		t.jobs = guardedJobs{alone, db.jobs.InPostgres(t.pg)}
	}
	if err := fn(scope{db: db, read: statements{conn}, write: statements{conn}, tx: t}); err != nil {
		return err
	}
	committing = true
	return mapError("commit a transaction", alone(func() error { return tx.Commit(ctx) }))
}

// inSQLite runs a transaction as a member of a group, or alone.
func (db *DB) inSQLite(ctx context.Context, alone bool, fn func(tx scope) error) (err error) {
	tx, err := db.write.BeginTx(context.WithValue(context.WithoutCancel(ctx), entryKey{}, entry{ctx, alone}), nil)
	if err != nil {
		return mapError("begin a transaction", err)
	}
	committing := false
	defer func() {
		if committing {
			return
		}
		if errBack := tx.Rollback(); errors.Is(errBack, errGroupEnded) {
			err = errBack // fn's error may rest on rows that are no longer there
		}
	}()
	t := &transaction{jobs: refusingJobs{errNoQueue}}
	if db.jobs != nil {
		t.jobs = guardedJobs{func(fn func() error) error { return fn() }, db.jobs.InSQLite(tx.Tx)}
	}
	if err := fn(scope{db: db, read: statements{tx.Tx}, write: statements{tx.Tx}, tx: t}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return mapError("commit a transaction", err)
	}
	committing = true
	return mapError("commit a transaction", tx.Commit())
}

// lockKey locks a key until the transaction ends. Texts with the same hash share a lock, which is harmless.
func (s scope) lockKey(ctx context.Context, key int64) error {
	text := "SELECT pg_advisory_xact_lock(?)"
	if !s.db.isPostgres() {
		text = "SELECT ?" // the transaction excludes all others already; it only has to be there
	}
	if _, err := s.write.ExecContext(ctx, text, key); err != nil {
		return fmt.Errorf("take a lock: %w", err)
	}
	return nil
}

// guardedJobs keeps Bun off the transaction's connection while a job is enqueued.
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
