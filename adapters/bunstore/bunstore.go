// Package bunstore keeps the service's data in PostgreSQL or SQLite, by Bun.
//
// Both engines run the same statements, except where one statement of PostgreSQL replaces a transaction of SQLite. Bun
// writes arguments into the text, so its statements are never prepared. Prepared are all statements on SQLite, and on
// PostgreSQL those of the hot path: Authenticate, MarkDelivered, Rotate. Behind a pooler in transaction mode, whose
// connections change hands, those are described once and not prepared.
package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"
	"go.uber.org/zap"

	"coffeeshop/ports"
)

// Config names the database.
type Config struct {
	PostgresURL string      // selects PostgreSQL; a URL or a keyword/value string
	SQLitePath  string      // the file, otherwise; it and its folder are made when they are not there
	Pooled      bool        // PostgreSQL is reached through a pooler in transaction mode, such as PgBouncer
	MaxConns    int         // connections at most, on SQLite those that read; 0: a default that fits the machine
	Log         *zap.Logger // nil: nothing is logged

	GroupDone func(size int)             // called after each commit of SQLite's writer; nil: nothing is
	Waited    func(before time.Duration) // called when a transaction's turn at the writer begins; nil: nothing is
}

// JobQueue enqueues jobs inside the store's transactions: a job is there when the transaction commits, and only
// then.
type JobQueue interface {
	// InPostgres returns the jobs of a transaction. The store ends tx.
	InPostgres(tx pgx.Tx) ports.Jobs
	InSQLite(tx *sql.Tx) ports.Jobs
}

// DB is an open database, and the ports.Store over it.
type DB struct {
	scope
	jobs   JobQueue
	write  *bun.DB // PostgreSQL: the only one
	read   *bun.DB
	pool   *pgxpool.Pool     // nil on SQLite
	hot    pgx.QueryExecMode // of PostgreSQL's statements of the hot path
	path   string            // of SQLite's file
	writer *writer           // SQLite only; what write uses
}

var _ ports.Store = (*DB)(nil)

// Open opens the database and checks that it answers; Migrate makes the schema. Without jobs the store enqueues nothing,
// which is enough for migrations.
func Open(ctx context.Context, cfg Config, jobs JobQueue) (*DB, error) {
	db := &DB{jobs: jobs}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	var err error
	switch {
	case cfg.PostgresURL != "":
		err = db.openPostgres(ctx, cfg)
	case cfg.SQLitePath != "":
		err = db.openSQLite(ctx, cfg)
	default:
		err = errors.New("neither a URL of PostgreSQL nor a file of SQLite is given")
	}
	if err != nil {
		return nil, mapError("open the database", err)
	}
	db.scope = scope{db: db, read: statements{db.read}, write: statements{db.write}}
	if !db.isPostgres() {
		db.scope.read, db.scope.write = statements{db.read.DB}, statements{db.write.DB}
	}
	return db, nil
}

func (db *DB) isPostgres() bool { return db.pool != nil }

// Pool is PostgreSQL's pool of connections; nil on SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// SQLite is the way to SQLite's one writer; nil on PostgreSQL. A transaction, and a statement outside of one, waits in the
// writer's queue. While a transaction is open, all others wait.
func (db *DB) SQLite() *sql.DB {
	if db.isPostgres() {
		return nil
	}
	return db.write.DB
}

// Ping returns an error unless the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return mapError("ask the database for an answer", db.read.PingContext(ctx))
}

// PoolLoad is how many connections of the pool, on SQLite of that of readers, are in use and how many there may be, and how
// long calls have waited for one so far.
func (db *DB) PoolLoad() (used, most int, waited time.Duration) {
	if db.isPostgres() {
		s := db.pool.Stat()
		return int(s.AcquiredConns()), int(s.MaxConns()), s.EmptyAcquireWaitTime()
	}
	s := db.read.Stats()
	return s.InUse, s.MaxOpenConnections, s.WaitDuration
}

// closeTime is how long Close waits for connections that are still in use.
const closeTime = 10 * time.Second

// Close closes all connections, and waits a while for those in use.
func (db *DB) Close() error {
	if !db.isPostgres() {
		// The writer is last: it takes the log back into the file.
		if err := errors.Join(db.read.Close(), db.write.Close(), db.writer.close()); err != nil {
			return fmt.Errorf("close the database: %w", err)
		}
		return nil
	}
	closed := make(chan error, 1)
	go func() {
		err := db.write.Close()
		db.pool.Close()
		closed <- err
	}()
	select {
	case err := <-closed:
		if err != nil {
			return fmt.Errorf("close the database: %w", err)
		}
		return nil
	case <-time.After(closeTime):
		return fmt.Errorf("close the database: %d connections are still in use", db.pool.Stat().AcquiredConns())
	}
}

// scope is the whole database, or one transaction of it.
type scope struct {
	db    *DB
	read  statements
	write statements
	tx    *transaction // nil outside InTx
}

func (s scope) Users() ports.Users           { return users{s} }
func (s scope) Sessions() ports.Sessions     { return sessions{s} }
func (s scope) Challenges() ports.Challenges { return challenges{s} }
func (s scope) Notices() ports.Notices       { return notices{s} }
func (s scope) Throttles() ports.Throttles   { return throttles{s} }
func (s scope) Audit() ports.Audit           { return audit{s} }

func (s scope) Jobs() ports.Jobs {
	if s.tx == nil {
		return refusingJobs{errNotInTx}
	}
	return s.tx.jobs
}

// forUpdate is the clause that locks the selected rows; SQLite's writing transactions exclude each other anyway.
func (s scope) forUpdate(tail string) string {
	if s.db.isPostgres() {
		return " FOR UPDATE " + tail
	}
	return ""
}

var (
	errNotInTx = errors.New("only inside InTx")
	errInTx    = errors.New("not inside InTx")
)

func (s scope) requireTx() error {
	if s.tx == nil {
		return errNotInTx
	}
	return nil
}

func (s scope) refuseTx() error {
	if s.tx != nil {
		return errInTx
	}
	return nil
}

// purge deletes up to limit rows of a table whose column has reached a value. It passes over rows that another
// transaction holds, and returns how many it deleted.
func (s scope) purge(ctx context.Context, table, key, column string, value any, limit int) (int, error) {
	return count(s.write.ExecContext(ctx, "WITH due AS MATERIALIZED (SELECT "+key+" FROM "+table+" WHERE "+column+" <= ? ORDER BY "+column+
		" LIMIT ?"+s.forUpdate("SKIP LOCKED")+") DELETE FROM "+table+" WHERE "+key+" IN (SELECT "+key+" FROM due)", value, limit))
}
