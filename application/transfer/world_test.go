package transfer_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/memstore"
	"coffeeshop/application/transfer"
	"coffeeshop/domain"
	"coffeeshop/ports"
	"coffeeshop/ports/portstest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a Transfer on a store.
type world struct {
	*transfer.Transfer
	t       *testing.T
	ctx     context.Context
	store   ports.Store
	now     time.Time
	reports []transfer.BadLine
}

func onEveryStore(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) ports.Store{
		"memory": func(*testing.T) ports.Store { return memstore.New() },
		"SQLite": func(t *testing.T) ports.Store {
			return openDB(t, bunstore.Config{SQLitePath: filepath.Join(t.TempDir(), "test.db")})
		},
		"PostgreSQL": func(t *testing.T) ports.Store { return openDB(t, bunstore.Config{PostgresURL: pgtest.New(t)}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, open(t)))
		})
	}
}

func newWorld(t *testing.T, store ports.Store) *world {
	w := &world{t: t, ctx: t.Context(), store: store, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	w.Transfer = transfer.New(transfer.Deps{Store: portstest.Twice(portstest.Strict(store)), CheckHash: bcrypthash.Check, Now: func() time.Time { return w.now },
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }})
	return w
}

func openDB(t *testing.T, cfg bunstore.Config) *bunstore.DB {
	t.Helper()
	db, err := bunstore.Open(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return db
}

// of is a source of records, which get their lines' numbers.
func of(records ...transfer.Record) transfer.Source {
	return func(context.Context) iter.Seq2[transfer.Record, error] {
		return func(yield func(transfer.Record, error) bool) {
			for i, r := range records {
				r.Line = i + 1
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// imports runs an import that has to succeed, and keeps what it reports.
func (w *world) imports(conflict transfer.Conflict, records ...transfer.Record) transfer.Summary {
	w.t.Helper()
	done, err := w.run(transfer.Options{Conflict: conflict}, of(records...))
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func (w *world) run(o transfer.Options, source transfer.Source) (transfer.Summary, error) {
	w.reports = nil
	o.Report = func(b transfer.BadLine) { w.reports = append(w.reports, b) }
	if o.Progress == nil {
		o.Progress = func(transfer.Summary) {}
	}
	return w.Import(w.ctx, source, o)
}

func verified(email string) transfer.Record {
	return transfer.Record{Email: email, Status: "verified"}
}

// users are all users, oldest first.
func (w *world) users() []domain.User {
	w.t.Helper()
	page, err := w.store.Users().List(w.ctx, domain.UserQuery{Sort: domain.SortOldest, Limit: 10_000})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Users
}

func (w *world) byEmail(email string) domain.User {
	w.t.Helper()
	u, err := w.store.Users().ByEmail(w.ctx, email)
	if err != nil {
		w.t.Fatalf("%s: %v", email, err)
	}
	return u
}

func (w *world) is(what string, got, want any) {
	w.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: %v, want %v", what, got, want)
	}
}
