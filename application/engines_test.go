package application_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // a way past the store

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/memstore"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/application"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// onEveryStore runs a test in a world in memory, on SQLite and on PostgreSQL.
func onEveryStore(t *testing.T, test func(t *testing.T, w *world), adjust ...func(*application.Settings)) {
	t.Helper()
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, adjust...))
	})
	onEngines(t, test, adjust...)
}

// onEngines is onEveryStore without the one in memory, whose transactions are serial.
func onEngines(t *testing.T, test func(t *testing.T, w *world), adjust ...func(*application.Settings)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "test.db")
		db := open(t, bunstore.Config{SQLitePath: path})
		source := "file:" + path + "?_pragma=busy_timeout(5000)"
		test(t, newWorldOn(t, db, takeJobs(t, "sqlite", source, "SELECT id, kind, json_extract(args, '$.id') FROM river_job WHERE id > ? ORDER BY id"), adjust...))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := pgtest.New(t)
		db := open(t, bunstore.Config{PostgresURL: url})
		w := newWorldOn(t, db, takeJobs(t, "pgx", url, "SELECT id, kind, args->>'id' FROM river_job WHERE id > $1 ORDER BY id"), adjust...)
		w.waiting = func() (n int) {
			err := db.Pool().QueryRow(w.ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&n)
			if err != nil {
				t.Error(err)
			}
			return n
		}
		test(t, w)
	})
}

// open opens a migrated database with the real queue.
func open(t *testing.T, cfg bunstore.Config) *bunstore.DB {
	t.Helper()
	queue, err := riverjobs.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	db, err := bunstore.Open(t.Context(), cfg, queue)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	err = db.Migrate(t.Context(), func(ctx context.Context) error { return riverjobs.Migrate(ctx, db.Pool(), db.SQLite()) })
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// takeJobs reads the jobs that have come since the last call.
func takeJobs(t *testing.T, driver, source, text string) func() []memstore.Job {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	last := int64(0)
	return func() []memstore.Job {
		rows, err := db.QueryContext(t.Context(), text, last)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		var jobs []memstore.Job
		for rows.Next() {
			var kind, id string
			if err := rows.Scan(&last, &kind, &id); err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, memstore.Job{Kind: kind, ID: uuid.MustParse(id)})
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return jobs
	}
}
