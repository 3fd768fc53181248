package bunstore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/ports/portstest"
)

func TestPooler_InTransactionModeIsRecognizedAndRefused(t *testing.T) {
	t.Parallel()
	for range 3 {
		db, err := bunstore.Open(t.Context(), bunstore.Config{PostgresURL: pgtest.Pooled(t, "transaction")}, nil)
		if !errors.Is(err, bunstore.ErrPooler) {
			t.Errorf("opened with %v", err)
		}
		if err == nil {
			_ = db.Close()
		}
	}
}

// thorough is what .ci/run asks for: it takes most of a minute more.
var thorough = os.Getenv("REQUIRE_POOLER") == "1"

func TestPooler_InTransactionModeKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	if !thorough {
		t.Skip("only with REQUIRE_POOLER=1, as in .ci/run")
	}
	portstest.Store(t, func(t *testing.T) portstest.Fixture {
		return fixture(t, bunstore.Config{PostgresURL: pgtest.Pooled(t, "transaction"), Pooled: true})
	})
}

func TestPooler_InSessionModeNeedsNoSetting(t *testing.T) {
	t.Parallel()
	db := open(t, bunstore.Config{PostgresURL: pgtest.Pooled(t, "session")})
	migrate(t, db)
	if err := db.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// Three replicas start on an empty database, again and again.
func TestPooler_ReplicasMigrateThroughItOneByOne(t *testing.T) {
	t.Parallel()
	cfg := bunstore.Config{PostgresURL: pgtest.Pooled(t, "transaction"), Pooled: true, MaxConns: 4}
	rounds := 2
	if thorough {
		rounds = 20
	}
	for range rounds {
		errs := make(chan error)
		for range 3 {
			go func() {
				db, err := bunstore.Open(t.Context(), cfg, nil)
				if err == nil {
					err = errors.Join(db.Migrate(t.Context(), func(ctx context.Context) error {
						return riverjobs.Migrate(ctx, db.Pool(), nil)
					}), db.Ready(t.Context()), db.Close())
				}
				errs <- err
			}()
		}
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "DROP SCHEMA public CASCADE")
			if err == nil {
				_, err = db.ExecContext(ctx, "CREATE SCHEMA public")
			}
			return err
		})
	}
}

func TestPostgres_ItsClockIsComparedWithThisOne(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		slow := func() time.Time { return time.Now().Add(-time.Hour) }
		offset, err := db.ClockOffset(t.Context(), slow)
		want := time.Duration(0)
		if cfg.PostgresURL != "" {
			want = time.Hour
		}
		if err != nil || (offset-want).Abs() > time.Minute {
			t.Errorf("offset %v, %v", offset, err)
		}
	})
}
