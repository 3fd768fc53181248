package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"coffeeshop/ports"
)

// transaction is what a scope inside InTx has beside its connection.
type transaction struct {
	native func(func(*pgx.Conn) error) error // PostgreSQL only; keeps Bun off the connection meanwhile
	sqlite *sql.Tx                           // SQLite only
	jobs   ports.Jobs
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
	run := s.db.inSQLite
	if s.db.isPostgres() {
		run = s.db.inPostgres
	}
	err := retry(ctx, func() error { return run(ctx, fn) })
	if err != nil && !known(err) {
		return fail("run a transaction", err)
	}
	return err
}

// attempt runs a single statement: again when it loses, unless it is part of a transaction, which has lost with it.
func (s scope) attempt(ctx context.Context, fn func() error) error {
	if s.tx != nil {
		return fn()
	}
	return retry(ctx, fn)
}

const (
	attempts  = 6
	firstWait = 4 * time.Millisecond // doubled each time
)

// retry runs fn again while it loses against other transactions.
func retry(ctx context.Context, fn func() error) error {
	for i := range attempts {
		err := fn()
		if err == nil || !lost(err) || i == attempts-1 {
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

// inPostgres begins the transaction on pgx, and lets Bun, the statements that go past it, and the queue of jobs
// work on that connection. (database/sql would roll back on its own when ctx ends, under the feet of the rest.)
func (db *DB) inPostgres(ctx context.Context, fn func(tx scope) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fail("begin a transaction", err)
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool, which drops a broken one
	native := func(fn func(*pgx.Conn) error) error {
		return conn.Raw(func(driver any) error { return fn(driver.(*stdlib.Conn).Conn()) })
	}
	var tx pgx.Tx
	if err := native(func(c *pgx.Conn) error { tx, err = c.Begin(ctx); return err }); err != nil {
		return fail("begin a transaction", err)
	}
	ended := false
	defer func() {
		if !ended { // an error or a panic; when this fails, pgx closes the connection, which rolls back as well
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
			defer cancel()
			_ = native(func(*pgx.Conn) error { return tx.Rollback(ctx) })
		}
	}()
	var enqueue ports.Jobs = noJobs{}
	if db.jobs != nil {
		enqueue = guardedJobs{native, db.jobs.InPostgres(boundTx{preparedTx{tx}})}
	}
	if err := fn(scope{db: db, read: conn, write: conn, tx: &transaction{native: native, jobs: enqueue}}); err != nil {
		return err
	}
	ended = true
	if err := native(func(*pgx.Conn) error { return tx.Commit(ctx) }); err != nil {
		return fail("commit a transaction", err)
	}
	return nil
}

func (db *DB) inSQLite(ctx context.Context, fn func(tx scope) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fail("begin a transaction", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	var enqueue ports.Jobs = noJobs{}
	if db.jobs != nil {
		enqueue = guardedJobs{func(fn func(*pgx.Conn) error) error { return fn(nil) }, db.jobs.InSQLite(tx.Tx)}
	}
	if err := fn(scope{db: db, read: tx, write: tx, tx: &transaction{sqlite: tx.Tx, jobs: enqueue}}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fail("commit a transaction", err)
	}
	return nil
}

// lockKey makes the transaction wait for others that hold the key. Keys that share a hash wait for each other
// without need, which is harmless.
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
