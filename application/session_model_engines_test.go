package application_test

import (
	"context"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/riverjobs"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSessions_BehaveAsTheModelOnSQLite(t *testing.T) {
	t.Parallel()
	driveOn(t, bunstore.Config{SQLitePath: filepath.Join(t.TempDir(), "model.db")})
}

func TestSessions_BehaveAsTheModelOnPostgreSQL(t *testing.T) {
	t.Parallel()
	driveOn(t, bunstore.Config{PostgresURL: pgtest.New(t)})
}

// driveOn runs five hundred steps against the model, the same ones each time.
func driveOn(t *testing.T, cfg bunstore.Config) {
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
	for seed := range 5 {
		drive(t, t, db, rapid.SliceOfN(steps(), 100, 100).Example(seed))
	}
}
