package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func TestNew_GivesEachCallAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for range 2 {
		conn, err := pgx.Connect(ctx, New(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "CREATE TABLE mine (id int)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	}
}

func TestNew_DropsTheDatabaseInCleanup(t *testing.T) { //nolint:tparallel // the cleanup of "one" has to have run afterwards
	t.Parallel()
	ctx := context.Background()
	var url string
	t.Run("one", func(t *testing.T) { url = New(t) })
	if url == "" {
		t.Skip(howTo) // New has skipped
	}
	if conn, err := pgx.Connect(ctx, url); err == nil {
		_ = conn.Close(ctx)
		t.Error("the database is still there")
	}
}
