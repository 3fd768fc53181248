package application_test

import (
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
)

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
	db := open(t, cfg)
	for seed := range 5 {
		drive(t, t, db, rapid.SliceOfN(steps(), 100, 100).Example(seed))
	}
}
