package bunstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func newUser(t *testing.T, now time.Time) domain.User {
	t.Helper()
	email, err := domain.ParseEmail(uuid.NewString() + "@example.org")
	if err != nil {
		t.Fatal(err)
	}
	return domain.NewUser(uuid.New(), email, domain.NewPasswordHash("hash"), domain.LocaleEnglish, now)
}

// Fractions of a second have as many digits as they need, so their texts have different lengths.
func TestTimes_CompareByTimeWhateverTheirDigits(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		migrate(t, db)
		base := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
		for _, micros := range []int{0, 1, 10, 99_999, 100_000, 100_001, 120_000, 999_999} {
			end := base.Add(time.Duration(micros) * time.Microsecond)
			c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, domain.Email{Address: "a@b.c", Key: uuid.NewString()}, uuid.Nil, domain.LocaleEnglish, 0, domain.Source{}, base)
			c.ExpiresAt = end.In(time.FixedZone("", 3*60*60)).Add(999 * time.Nanosecond)
			if err := db.Challenges().Create(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			got, err := db.Challenges().ByID(t.Context(), c.ID)
			if err != nil || got.ExpiresAt != end || got.CreatedAt != base {
				t.Fatalf("%v, %v instead of %v", err, got.ExpiresAt, end)
			}
			for offset, live := range map[time.Duration]int{-time.Second: 1, -time.Microsecond: 1, 0: 0, time.Microsecond: 0, time.Second: 0} {
				found, err := db.Challenges().Live(t.Context(), c.Purpose, c.Email.Key, end.Add(offset))
				if err != nil || len(found) != live {
					t.Errorf("%d µs, %v from the end: %d live, %v", micros, offset, len(found), err)
				}
			}
		}
	})
}

func TestInTx_WithADeadlineThatPassesIsUnavailable(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		cfg.MaxConns = 1
		db := open(t, cfg)
		migrate(t, db)
		err := db.InTx(t.Context(), func(ports.Store) error {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			return db.InTx(ctx, func(ports.Store) error { return errors.New("there is one connection only") })
		})
		if !errors.Is(err, domain.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		ended, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
		defer cancel()
		now := time.Now()
		for name, call := range map[string]func() error{
			"ByID":          func() error { _, err := db.Users().ByID(ended, uuid.New()); return err },
			"Authenticate":  func() error { _, err := db.Sessions().Authenticate(ended, uuid.New(), 1, now, false); return err },
			"Rotate":        func() error { _, err := db.Sessions().Rotate(ended, ports.Rotation{Now: now}); return err },
			"MarkDelivered": func() error { return db.Sessions().MarkDelivered(ended, uuid.New(), 1) },
			"Take": func() error {
				_, err := db.Throttles().Take(ended, "key", domain.Budget{Burst: 1, Interval: 1}, now)
				return err
			},
			"Ready": func() error { return db.Ready(ended) },
		} {
			if err := call(); !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestInTx_WhoseDeadlinePassesInsideCommitsNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		migrate(t, db)
		u := newUser(t, time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		err := db.InTx(ctx, func(tx ports.Store) error {
			_, err := tx.Users().CreateSignUp(ctx, u)
			cancel()
			// What is still tried, by whatever context, must not slip past the transaction.
			_ = tx.Jobs().SendNotice(t.Context(), u.ID)
			return err
		})
		if err == nil {
			t.Error("committed after its context had ended")
		}
		if _, err := db.Users().ByID(t.Context(), u.ID); !errors.Is(err, domain.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestInTx_RunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	db := open(t, onPostgres(t))
	migrate(t, db)
	now := time.Now()
	ids := []uuid.UUID{}
	for range 2 {
		u := newUser(t, now)
		if _, err := db.Users().CreateSignUp(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
	}
	var group, both sync.WaitGroup
	both.Add(2)
	for i := range 2 {
		group.Go(func() {
			first := sync.OnceFunc(func() { both.Done(); both.Wait() })
			err := db.InTx(t.Context(), func(tx ports.Store) error {
				if _, err := tx.Users().Lock(t.Context(), ports.UserSet{IDs: ids[i : i+1]}); err != nil {
					return err
				}
				first()
				_, err := tx.Users().Lock(t.Context(), ports.UserSet{IDs: ids[1-i : 2-i]})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestStore_OfAServerThatIsGoneIsUnavailable(t *testing.T) {
	t.Parallel()
	cfg := onPostgres(t)
	proxy := newProxy(t, &cfg)
	db := open(t, cfg)
	migrate(t, db)
	now, key := time.Now(), uuid.NewString()
	check := func() {
		t.Helper()
		if err := db.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	check()
	inside := db.InTx(t.Context(), func(tx ports.Store) error {
		proxy.stop()
		_, err := tx.Users().ByEmail(t.Context(), key)
		return err
	})
	for name, err := range map[string]error{
		"InTx":         inside,
		"ByID":         second(db.Users().ByID(t.Context(), uuid.New())),
		"Authenticate": second(db.Sessions().Authenticate(t.Context(), uuid.New(), 1, now, false)),
		"Rotate":       second(db.Sessions().Rotate(t.Context(), ports.Rotation{Now: now})),
		"Ready":        db.Ready(t.Context()),
		"Migrate":      db.Migrate(t.Context(), nil),
	} {
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bunstore.Open(t.Context(), cfg, nil); !errors.Is(err, domain.ErrUnavailable) {
		t.Error("Open: ", err)
	}
	proxy.start()
	check()
}

func second[T any](_ T, err error) error { return err }

func TestClose_DoesNotWaitForEver(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db, err := bunstore.Open(t.Context(), cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				_, err := db.Sessions().Authenticate(t.Context(), uuid.New(), 1, time.Now(), false)
				if !errors.Is(err, domain.ErrNotFound) {
					t.Error(err)
				}
				_, err = db.Users().List(t.Context(), domain.UserQuery{Sort: domain.SortNewest, Limit: 10})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		closed := make(chan error)
		go func() { closed <- db.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("Close still waits")
		}
	})
}

func TestOpen_MakesSQLitesFolderForItsUserAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "50% 'of' it?#", "test.db")
	db := open(t, bunstore.Config{SQLitePath: path})
	migrate(t, db)
	if err := second(db.Sessions().Authenticate(t.Context(), uuid.New(), 1, time.Now(), false)); !errors.Is(err, domain.ErrNotFound) {
		t.Error(err)
	}
	for _, file := range []string{filepath.Dir(path), path, path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has the mode %o", file, mode)
		}
	}
	if db.Pool() != nil || db.SQLite() == nil {
		t.Error("it is not SQLite")
	}
}

func TestOpen_WithoutADatabaseSaysSo(t *testing.T) {
	t.Parallel()
	if _, err := bunstore.Open(t.Context(), bunstore.Config{}, nil); err == nil {
		t.Error("no error")
	}
}

func TestOpen_DoesNotRepeatThePassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"postgres://user:hunter2@127.0.0.1:1/db?connect_timeout=1", "postgres://user:hunter2@127.0.0.1:1/db?sslmode=wrong"} {
		_, err := bunstore.Open(t.Context(), bunstore.Config{PostgresURL: text}, nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
}

func TestInTx_OfSQLiteNamesASlowFunction(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.WarnLevel)
	cfg := onSQLite(t)
	cfg.Log = zap.New(core)
	db := open(t, cfg)
	err := db.InTx(t.Context(), func(ports.Store) error {
		time.Sleep(1100 * time.Millisecond) // longer than slowTransaction
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := logs.All()
	if len(found) != 1 || !strings.HasPrefix(found[0].ContextMap()["of"].(string), "bunstore_test.TestInTx_OfSQLiteNamesASlowFunction <") {
		t.Errorf("the log is %v", found)
	}
}
