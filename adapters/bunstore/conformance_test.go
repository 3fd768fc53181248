package bunstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // a way past the store

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/ports/portstest"
)

// roles are what this binary does when it is a process of a test, with the path of a file.
var roles = map[string]func(path string) error{}

const (
	roleVar = "BUNSTORE_TEST_ROLE"
	fileVar = "BUNSTORE_TEST_FILE"
)

func TestMain(m *testing.M) {
	if run, found := roles[os.Getenv(roleVar)]; found {
		if err := run(os.Getenv(fileVar)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	pgtest.Main(m)
}

func TestSQLite_KeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	portstest.Store(t, func(t *testing.T) portstest.Fixture { return fixture(t, onSQLite(t)) })
}

func TestPostgres_KeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	portstest.Store(t, func(t *testing.T) portstest.Fixture { return fixture(t, onPostgres(t)) })
}

// onEngines runs a test on both engines, each time on an empty database.
func onEngines(t *testing.T, test func(t *testing.T, cfg bunstore.Config)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, onSQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, onPostgres(t))
	})
}

func onSQLite(t *testing.T) bunstore.Config {
	t.Helper()
	return bunstore.Config{SQLitePath: filepath.Join(t.TempDir(), "test.db")}
}

func onPostgres(t *testing.T) bunstore.Config {
	t.Helper()
	return bunstore.Config{PostgresURL: pgtest.New(t)}
}

// open opens a database, with the real queue, that is closed when the test ends.
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
	return db
}

// migrate makes the schema, River's too.
func migrate(t *testing.T, db *bunstore.DB) {
	t.Helper()
	if err := db.Migrate(t.Context(), func(ctx context.Context) error { return riverjobs.Migrate(ctx, db.Pool(), db.SQLite()) }); err != nil {
		t.Fatal(err)
	}
}

// fixture is a store on an empty database, and a look at what it committed by other connections.
func fixture(t *testing.T, cfg bunstore.Config) portstest.Fixture {
	t.Helper()
	behind := behind(t, cfg)
	var cut func()
	if cfg.PostgresURL != "" {
		cut = newProxy(t, &cfg).stop
	}
	db := open(t, cfg)
	migrate(t, db)
	jobs := "SELECT kind, args::text FROM river_job"
	if cfg.PostgresURL == "" {
		jobs = "SELECT kind, json(args) FROM river_job" // they are in SQLite's binary form of JSON
	}
	return portstest.Fixture{
		Store:  db,
		Close:  func() { _ = db.Close() },
		Cut:    cut,
		Serial: cfg.PostgresURL == "",
		Jobs: func(t *testing.T) []portstest.Job {
			return query(t, behind, jobs, func(scan func(...any) error) (job portstest.Job, err error) {
				var text []byte
				err = scan(&job.Kind, &text)
				return job, errors.Join(err, json.Unmarshal(text, &job))
			})
		},
	}
}

// behind is the database without the store.
func behind(t *testing.T, cfg bunstore.Config) *sql.DB {
	t.Helper()
	driver, source := "pgx", cfg.PostgresURL
	if source == "" {
		driver, source = "sqlite", "file:"+cfg.SQLitePath+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func query[Row any](t *testing.T, db *sql.DB, text string, read func(scan func(...any) error) (Row, error)) []Row {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var found []Row
	for rows.Next() {
		row, err := read(rows.Scan)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
