// Package bunstore keeps the service's data in PostgreSQL or SQLite, by Bun.
//
// Both engines run the same statements, except where one of them does in a single statement what the other
// needs a transaction for. The statements of the hot path (Authenticate, MarkDelivered, Rotate) are prepared and
// go past Bun, which writes its arguments into the text; on SQLite Authenticate goes past database/sql as well.
package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Config says where the data is.
type Config struct {
	PostgresURL string // selects PostgreSQL; a URL or a keyword/value string
	SQLitePath  string // the file, otherwise; it and its folder are made when they are not there
	MaxConns    int    // connections at most, on SQLite those that read; 0: a default that fits the machine
}

// JobQueue enqueues jobs inside the store's transactions: a job is there when the transaction commits, and only
// then.
type JobQueue interface {
	// InPostgres returns the jobs of a transaction. Commit and Rollback of tx do nothing: the store ends it.
	InPostgres(tx pgx.Tx) ports.Jobs
	InSQLite(tx *sql.Tx) ports.Jobs
}

// DB is an open database, and the ports.Store over it.
type DB struct {
	scope
	jobs  JobQueue
	write *bun.DB // PostgreSQL: the only one. SQLite: one connection
	read  *bun.DB
	pool  *pgxpool.Pool // nil on SQLite
	path  string        // of SQLite's file
	hot   hotReaders    // SQLite's
}

var _ ports.Store = (*DB)(nil)

// Open opens the database and checks that it answers; the schema is left to Migrate. Without jobs nothing can
// be enqueued, which is enough for migrations.
func Open(ctx context.Context, cfg Config, jobs JobQueue) (*DB, error) {
	db := &DB{jobs: jobs}
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
		return nil, fail("open the database", err)
	}
	db.scope = scope{db: db, read: db.read, write: db.write}
	return db, nil
}

// Engine is the name of the database engine: "PostgreSQL" or "SQLite".
func (db *DB) Engine() string {
	if db.isPostgres() {
		return "PostgreSQL"
	}
	return "SQLite"
}

func (db *DB) isPostgres() bool { return db.pool != nil }

// Pool is PostgreSQL's pool of connections; nil on SQLite.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// SQLite is the one connection that writes; nil on PostgreSQL. Who holds it keeps all other writers waiting.
func (db *DB) SQLite() *sql.DB {
	if db.isPostgres() {
		return nil
	}
	return db.write.DB
}

// closeTime is how long Close waits for connections that are still in use.
const closeTime = 10 * time.Second

// Close closes all connections. Those in use are waited for, but not for ever.
func (db *DB) Close() error {
	if !db.isPostgres() {
		// The writer goes last: it takes the log back into the file.
		if err := errors.Join(db.hot.close(), db.read.Close(), db.write.Close()); err != nil {
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

// scope is where statements go: the whole database, or one transaction.
type scope struct {
	db    *DB
	read  bun.IDB
	write bun.IDB
	tx    *transaction // nil outside InTx
}

func (s scope) Users() ports.Users           { return users{s} }
func (s scope) Sessions() ports.Sessions     { return sessions{s} }
func (s scope) Challenges() ports.Challenges { return challenges{s} }
func (s scope) Notices() ports.Notices       { return notices{s} }
func (s scope) Throttles() ports.Throttles   { return throttles{s} }
func (s scope) Audit() ports.Audit           { return audit{s} }

// Jobs enqueues in the transaction, or, outside of one, in a transaction for each call.
func (s scope) Jobs() ports.Jobs {
	if s.tx != nil {
		return s.tx.jobs
	}
	return jobs{s}
}

// forUpdate is the clause that locks the selected rows; SQLite's writing transactions exclude each other anyway.
func (s scope) forUpdate(tail string) bun.Safe {
	if s.db.isPostgres() {
		return bun.Safe("FOR UPDATE " + tail)
	}
	return ""
}

var errNotInTx = errors.New("a lock needs a transaction")

// inTx refuses what has no meaning outside a transaction.
func (s scope) inTx() error {
	if s.tx == nil {
		return errNotInTx
	}
	return nil
}

// insert adds a row if there is one to select by the clause.
func (s scope) insert(ctx context.Context, table, columns string, values []any, clause string, args ...any) (sql.Result, error) {
	items := "?" + strings.Repeat(", ?", len(values)-1)
	text := "INSERT INTO " + table + " (" + columns + ") SELECT " + items + " " + clause
	return s.write.NewRaw(text, append(values, args...)...).Exec(ctx)
}

// of names columns as those of a table's alias.
func of(alias, columns string) string {
	return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
}

// one reports the outcome of a statement that concerns one row: domain.ErrNotFound when there was none.
func one(res sql.Result, err error) error {
	n, err := count(res, err)
	if err == nil && n == 0 {
		return domain.ErrNotFound
	}
	return err
}

func count(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
