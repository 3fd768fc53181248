package riverjobs_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"
	_ "modernc.org/sqlite"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/ports"
)

// engine is a migrated database of the test's own.
type engine struct {
	pool  *pgxpool.Pool
	db    *sql.DB
	queue *riverjobs.Queue
}

// onEngines runs a test on both engines.
func onEngines(t *testing.T, test func(t *testing.T, e engine)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, migrated(t, engine{db: openSQLite(t)}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, migrated(t, engine{pool: openPostgres(t)}))
	})
}

func openSQLite(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "jobs.db")+"?_txlock=immediate&_time_format=sqlite&_timezone=UTC"+
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openPostgres(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func migrated(t *testing.T, e engine) engine {
	t.Helper()
	if err := riverjobs.Migrate(t.Context(), e.pool, e.db); err != nil {
		t.Fatal(err)
	}
	queue, err := riverjobs.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	e.queue = queue
	return e
}

var errRollback = errors.New("roll back")

// inTx runs fn in a transaction that its error rolls back.
func (e engine) inTx(ctx context.Context, fn func(jobs ports.Jobs) error) error {
	if e.pool != nil {
		return pgx.BeginFunc(ctx, e.pool, func(tx pgx.Tx) error { return fn(e.queue.InPostgres(tx)) })
	}
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(e.queue.InSQLite(tx)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// rows returns the first column of a query's rows.
func (e engine) rows(t *testing.T, query string) []string {
	t.Helper()
	if e.pool != nil {
		rows, err := e.pool.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		out, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	rows, err := e.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (e engine) exec(t *testing.T, statement string) {
	t.Helper()
	var err error
	if e.pool != nil {
		_, err = e.pool.Exec(t.Context(), statement)
	} else {
		_, err = e.db.ExecContext(t.Context(), statement)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a worker until the test ends.
func (e engine) start(t *testing.T, work riverjobs.Work, log *zap.Logger) *riverjobs.Worker {
	t.Helper()
	return e.startAt(t, work, log, nil)
}

func (e engine) startAt(t *testing.T, work riverjobs.Work, log *zap.Logger, now func() time.Time) *riverjobs.Worker {
	t.Helper()
	worker, err := riverjobs.NewWorker(riverjobs.Config{Pool: e.pool, SQLite: e.db, Log: log, Now: now,
		Ran: func(string, string) {}, Purged: func(string, int) {}, Answers: func(context.Context) bool { return true }}, work)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := worker.Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel() // the start's context is not the work's
	t.Cleanup(func() {
		if err := worker.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return worker
}
