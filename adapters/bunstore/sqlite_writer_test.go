package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// watched is a store on SQLite whose commits can be held up and counted.
type watched struct {
	*DB
	commits *heldStatement
}

func openWatched(t *testing.T) *watched {
	t.Helper()
	db, err := Open(t.Context(), Config{SQLitePath: filepath.Join(t.TempDir(), "test.db")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(db.path + "-wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the log is still there: %v", err)
		}
	})
	if err := db.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w := &watched{DB: db, commits: &heldStatement{sqliteStatement: db.writer.commit}}
	db.writer.commit, db.writer.groupTime = w.commits, time.Minute // the writer sleeps
	return w
}

// heldStatement counts how often it runs, and can be held up.
type heldStatement struct {
	sqliteStatement
	ran  atomic.Int64
	gate sync.RWMutex
}

func (s *heldStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	s.ran.Add(1)
	return s.sqliteStatement.ExecContext(ctx, args)
}

// queue waits until so many members are in the queue.
func (w *watched) queue(t *testing.T, n int) {
	t.Helper()
	for range 1000 {
		w.writer.mu.Lock()
		waiting := len(w.writer.queue)
		w.writer.mu.Unlock()
		if waiting == n {
			return
		}
		time.Sleep(time.Millisecond) // the queue tells nobody of a new member
	}
	t.Fatalf("there are not %d members in the queue", n)
}

// held runs do, once, in a transaction.
func (w *watched) held(t *testing.T, do func()) {
	t.Helper()
	var once sync.Once
	err := w.InTx(t.Context(), func(ports.Store) error {
		once.Do(do)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func remember(ctx context.Context, key string) func(tx ports.Store) error {
	return func(tx ports.Store) error { return tx.Throttles().Remember(ctx, key, forever) }
}

var forever = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *watched) remembers(t *testing.T, key string) bool {
	t.Helper()
	found, err := w.Throttles().Remembered(t.Context(), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWriter_AnswersNobodyBeforeTheCommit(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	ctx := t.Context()
	callers := map[string]func() error{
		"a transaction": func() error { return w.InTx(ctx, remember(ctx, "transaction")) },
		"a domain error": func() error {
			return w.InTx(ctx, func(tx ports.Store) error { _, err := tx.Users().ByID(ctx, uuid.New()); return err })
		},
		"a statement": func() error { return w.Throttles().Remember(ctx, "statement", forever) },
	}
	answered := make(chan string, len(callers))
	w.commits.gate.Lock()
	for name, call := range callers {
		go func() {
			err := call()
			if err != nil && (name != "a domain error" || !errors.Is(err, domain.ErrNotFound)) {
				t.Errorf("%s: %v", name, err)
			}
			answered <- name
		}()
	}
	select {
	case name := <-answered:
		t.Errorf("%s was answered before the commit", name)
	case <-time.After(100 * time.Millisecond):
	}
	w.commits.gate.Unlock()
	for range callers {
		<-answered
	}
}

func TestWriter_ServesThoseWhoWaitInTheirOrderWithOneCommit(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	var order []int
	var all sync.WaitGroup
	before := w.commits.ran.Load()
	w.held(t, func() {
		for i := range 20 {
			all.Go(func() {
				err := w.InTx(t.Context(), func(ports.Store) error {
					order = append(order, i)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			w.queue(t, i+1)
		}
	})
	all.Wait()
	if !slices.IsSorted(order) || len(order) != 20 {
		t.Errorf("the order was %v", order)
	}
	if n := w.commits.ran.Load() - before; n != 1 {
		t.Errorf("there were %d commits, want 1", n)
	}
}

func TestWriter_ClosesAGroupWithItsSixtyFourthMember(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	var all sync.WaitGroup
	before := w.commits.ran.Load()
	w.held(t, func() {
		for i := range groupMost { // and the one that holds the turn
			all.Go(func() {
				if err := w.InTx(t.Context(), func(ports.Store) error { return nil }); err != nil {
					t.Error(err)
				}
			})
			w.queue(t, i+1)
		}
	})
	all.Wait()
	if n := w.commits.ran.Load() - before; n != 2 {
		t.Errorf("there were %d commits, want 2", n)
	}
}

// SQLite rolls everything back when the disk is full; a ROLLBACK among the statements of a member does the same.
func TestWriter_RunsTheOthersAgainWhenAMemberLosesTheTransaction(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	ctx := t.Context()
	var runs [4]atomic.Int64
	calls := []func() error{
		func() error {
			return w.InTx(ctx, func(tx ports.Store) error { runs[0].Add(1); return remember(ctx, "before")(tx) })
		},
		func() error { return w.Throttles().Remember(ctx, "statement", forever) },
		func() error { // its answer rests on a row of another member
			err := w.InTx(ctx, func(tx ports.Store) error {
				if runs[2].Add(1) > 1 {
					return nil
				}
				found, err := tx.Throttles().Remembered(ctx, "before", time.Now())
				if err != nil || !found {
					t.Errorf("the row of an earlier member is missing: %v", err)
				}
				return domain.ErrEmailTaken
			})
			return err
		},
		func() error {
			err := w.InTx(ctx, func(tx ports.Store) error {
				_, err := tx.(scope).write.ExecContext(ctx, "ROLLBACK")
				return err
			})
			if err == nil {
				return errors.New("the lost transaction was reported as committed")
			}
			return nil
		},
		func() error {
			return w.InTx(ctx, func(tx ports.Store) error { runs[3].Add(1); return remember(ctx, "after")(tx) })
		},
	}
	var all sync.WaitGroup
	before := w.commits.ran.Load()
	w.held(t, func() {
		for i, call := range calls {
			all.Go(func() {
				if err := call(); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			})
			w.queue(t, i+1)
		}
	})
	all.Wait()
	for _, name := range []string{"before", "statement", "after"} {
		if !w.remembers(t, name) {
			t.Errorf("%s is missing", name)
		}
	}
	if got := [...]int64{runs[0].Load(), runs[2].Load(), runs[3].Load()}; got != [...]int64{2, 2, 1} {
		t.Errorf("the functions ran %v times, want 2, 2 and 1", got)
	}
	// One group of the last member, and one of each that runs again.
	if n := w.commits.ran.Load() - before; n != 5 {
		t.Errorf("there were %d commits, want 5", n)
	}
}

func TestStatements_OfOneTextCanBeReadSideBySide(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	ctx := t.Context()
	for _, key := range []string{"one", "two"} {
		if err := w.Throttles().Remember(ctx, key, forever); err != nil {
			t.Fatal(err)
		}
	}
	err := w.InTx(ctx, func(tx ports.Store) error {
		seen := 0
		for range eachKey(t, tx, "") {
			for range eachKey(t, tx, "o") { // both are greater
				seen++
			}
		}
		if seen != 4 {
			t.Errorf("%d rows were seen, want 4", seen)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStatements_OfManyTextsAreKeptUpToALimit(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	for i := range 2 * maxKept {
		var sum int
		text := fmt.Sprintf("SELECT ? + %d", i)
		if err := w.scope.write.scan(t.Context(), []any{&sum}, text, 1); err != nil || sum != i+1 {
			t.Fatalf("%s is %d: %v", text, sum, err)
		}
	}
	if n := len(w.writer.conn.kept); n != maxKept {
		t.Errorf("%d statements are kept, want %d", n, maxKept)
	}
}

func eachKey(t *testing.T, tx ports.Store, after string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rows, err := tx.(scope).read.QueryContext(t.Context(), "SELECT key FROM remembered_keys WHERE key > ?", after)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil || !yield(key) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestWriter_RunsNothingAfterAStatementThatMayHaveEndedTheTransaction(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	ctx := t.Context()
	err := w.InTx(ctx, func(tx ports.Store) error {
		_, failed := tx.(scope).write.ExecContext(ctx, "SELECT no_such_function()")
		if err := remember(ctx, "afterwards")(tx); err == nil {
			t.Error("a statement ran after the failure")
		}
		_ = failed
		return nil // swallows it
	})
	if err == nil || w.remembers(t, "afterwards") {
		t.Errorf("the transaction was committed: %v", err)
	}
}

func TestWriter_InterruptsNoStatement(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	var others atomic.Int64
	var all sync.WaitGroup
	w.held(t, func() {
		all.Go(func() {
			err := w.InTx(t.Context(), func(tx ports.Store) error {
				others.Add(1)
				return remember(t.Context(), "other")(tx)
			})
			if err != nil {
				t.Error(err)
			}
		})
		w.queue(t, 1)
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := w.InTx(ctx, func(tx ports.Store) error {
				time.AfterFunc(2*time.Millisecond, cancel)
				_, err := tx.(scope).write.ExecContext(ctx, "INSERT INTO throttles SELECT 'late', max(n) FROM "+
					"(WITH RECURSIVE c(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM c WHERE n < 200000) SELECT n FROM c)", 1)
				if err != nil || ctx.Err() == nil {
					t.Errorf("the statement was interrupted, or its time was not up: %v", err)
				}
				return err
			})
			if err == nil {
				t.Error("the late one was committed")
			}
		})
		w.queue(t, 2)
	})
	all.Wait()
	if others.Load() != 1 || !w.remembers(t, "other") {
		t.Errorf("the other one ran %d times", others.Load())
	}
}

func TestWriter_NobodyWaitsBeyondTheDeadlineWhileAnotherProcessWrites(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	other, err := sql.Open("sqlite", dsn(w.path, "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	patient := make(chan error, 1)
	go func() { patient <- w.InTx(t.Context(), remember(t.Context(), "patient")) }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := w.InTx(ctx, remember(ctx, "hasty")); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the member was held for %s", took)
	}
	time.Sleep(500 * time.Millisecond) // longer than a transaction is tried again
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-patient; err != nil {
		t.Errorf("the patient one: %v", err)
	}
	if !w.remembers(t, "patient") || w.remembers(t, "hasty") {
		t.Error("not those rows are there whose callers were told so")
	}
}

func TestWriter_SyncsTheFileAtEachCommit(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	var level int
	if err := w.SQLite().QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&level); err != nil || level != 2 {
		t.Errorf("synchronous is %d, want 2 (FULL): %v", level, err)
	}
}

func TestWriter_ClosesAGroupInTime(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	w.writer.groupTime = groupTime
	before, waits := w.commits.ran.Load(), make(chan error, 1)
	w.held(t, func() {
		go func() { waits <- w.InTx(t.Context(), func(ports.Store) error { return nil }) }()
		w.queue(t, 1)
		time.Sleep(groupTime) // the group's time runs out
	})
	if err := <-waits; err != nil {
		t.Error(err)
	}
	if n := w.commits.ran.Load() - before; n != 2 {
		t.Errorf("there were %d commits, want 2", n)
	}
}

func TestWriter_ThatIsClosedAnswersThoseWhoWait(t *testing.T) {
	t.Parallel()
	w := openWatched(t)
	w.writer.groupTime = 0
	waits := make(chan error, 1)
	w.held(t, func() {
		go func() { waits <- w.InTx(context.Background(), func(ports.Store) error { return nil }) }()
		w.queue(t, 1)
		w.writer.mu.Lock()
		w.writer.closed = true
		w.writer.mu.Unlock()
	})
	select {
	case err := <-waits:
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("the error is %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it still waits")
	}
}
