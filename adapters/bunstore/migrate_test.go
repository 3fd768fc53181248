package bunstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/domain"
)

func TestMigrate_GoesUpAndDownAndUpAgain(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		pending(t, db)
		for range 2 {
			migrate(t, db)
			migrate(t, db) // nothing left to do
			for _, step := range status(t, db) {
				if age := time.Since(step.AppliedAt); age < -time.Minute || age > time.Minute || step.Version < 1 || step.Name == "" {
					t.Errorf("applied %v ago: %+v", age, step)
				}
			}
			if err := db.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			down(t, db)
			pending(t, db)
		}
		if err := db.MigrateDown(t.Context(), 1); err == nil {
			t.Error("a step that was not applied was taken back")
		}
	})
}

// Of a server that was set up without a locale, a database is SQL_ASCII.
func TestMigrate_OfADatabaseWithoutAnEncoding(t *testing.T) {
	t.Parallel()
	u := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	name := "ascii_" + strings.ToLower(rand.Text())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		if err := errors.Join(err, conn.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	ascii, err := url.Parse(u)
	if err != nil {
		t.Fatal(err)
	}
	ascii.Path = "/" + name
	db := open(t, bunstore.Config{PostgresURL: ascii.String()})
	migrate(t, db)
	user := newUser(t, time.Now())
	user.FirstName = "Zoë 漢"
	if err := db.Users().Create(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Users().ByID(t.Context(), user.ID); err != nil || got.FirstName != user.FirstName {
		t.Errorf("%q came back, %v", got.FirstName, err)
	}
}

// down takes all steps back, the newest first.
func down(t *testing.T, db *bunstore.DB) {
	t.Helper()
	for _, step := range slices.Backward(status(t, db)) {
		if err := db.MigrateDown(t.Context(), step.Version); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMigrate_DownTakesBackTheStepThatWasNamedAndSaysWhatItRemoves(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		migrate(t, db)
		steps := status(t, db)
		if removed := steps[0].Removes; !slices.Contains(removed, "the table users") || !slices.Contains(removed, "the table sessions") {
			t.Errorf("the first step removes %q", removed)
		}
		if removed := steps[1].Removes; !slices.Equal(removed, []string{"the column sign_up_network of the table challenges", "the column signed_up_at of the table challenges"}) {
			t.Errorf("the second step removes %q", removed)
		}
		for _, step := range steps {
			if len(step.Removes) == 0 && !strings.Contains(step.Name, "_indexes_") { // which hold nothing of their own
				t.Errorf("nobody knows what %s removes", step.Name)
			}
		}
		if err := db.MigrateDown(t.Context(), steps[0].Version); err == nil {
			t.Error("another step than the newest was taken back")
		}
		if err := db.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMigrate_OfReplicasThatStartAtOnceAllComeUp(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		const replicas = 3
		var running, together atomic.Int32
		var group sync.WaitGroup
		for range replicas {
			group.Go(func() {
				queue, err := riverjobs.NewQueue()
				if err != nil {
					t.Error(err)
					return
				}
				db, err := bunstore.Open(t.Context(), cfg, queue)
				if err != nil {
					t.Error(err)
					return
				}
				err = db.Migrate(t.Context(), func(ctx context.Context) error {
					if running.Add(1) > 1 {
						together.Add(1)
					}
					defer running.Add(-1)
					return riverjobs.Migrate(ctx, db.Pool(), db.SQLite())
				})
				if err := errors.Join(err, db.Ready(t.Context()), db.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := together.Load(); n > 0 {
			t.Errorf("%d ran together with another", n)
		}
	})
}

func TestMigrate_LetsGoOfTheLockWhenWhatRunsAfterwardsFails(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db, failure := open(t, cfg), errors.New("failure")
		if err := db.Migrate(t.Context(), func(context.Context) error { return failure }); !errors.Is(err, failure) {
			t.Fatal(err)
		}
		migrate(t, db)
	})
}

func status(t *testing.T, db *bunstore.DB) []bunstore.Migration {
	t.Helper()
	steps, err := db.MigrationStatus(t.Context())
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d steps, %v", len(steps), err)
	}
	return steps
}

func pending(t *testing.T, db *bunstore.DB) {
	t.Helper()
	for _, step := range status(t, db) {
		if !step.AppliedAt.IsZero() {
			t.Errorf("applied: %+v", step)
		}
	}
	if err := db.Ready(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("ready: %v", err)
	}
}

func TestMigrate_UntilThenTheDatabaseIsUnavailable(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		email := domain.Email{Address: "a@b.example", Key: "a@b.example"}
		if _, err := db.Users().ByEmail(t.Context(), email.Key); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("a read: %v", err)
		}
		if _, err := db.Throttles().Take(t.Context(), "00.k", domain.Budget{Burst: 1, Interval: time.Hour}, time.Now()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("a write: %v", err)
		}
	})
}
