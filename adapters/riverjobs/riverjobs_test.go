package riverjobs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"coffeeshop/adapters/riverjobs"
	"coffeeshop/ports"
)

// patience is how long a test waits for what has to happen; it decides nothing else.
const patience = 20 * time.Second

// recorder is Work that reports each call before it does what the test says.
type recorder struct {
	challenges, notices chan uuid.UUID
	purges              chan struct{}
	deliver             func(ctx context.Context, id uuid.UUID) error
}

func newRecorder() *recorder {
	return &recorder{challenges: make(chan uuid.UUID, 1000), notices: make(chan uuid.UUID, 1000),
		purges: make(chan struct{}, 1000), deliver: func(context.Context, uuid.UUID) error { return nil }}
}

func (r *recorder) DeliverChallenge(ctx context.Context, id uuid.UUID) error {
	r.challenges <- id
	return r.deliver(ctx, id)
}

func (r *recorder) DeliverNotice(_ context.Context, id uuid.UUID) error {
	r.notices <- id
	return nil
}

func (r *recorder) Purge(context.Context) (map[string]int, error) {
	r.purges <- struct{}{}
	return nil, nil
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func (e engine) sendChallenge(t *testing.T, id uuid.UUID) {
	t.Helper()
	if err := e.inTx(t.Context(), func(jobs ports.Jobs) error { return jobs.SendChallenge(t.Context(), id) }); err != nil {
		t.Fatal(err)
	}
}

func TestMigrate_IsPendingBeforeAndNotAfterAndMayRepeat(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) engine{
		"sqlite":   func(t *testing.T) engine { return engine{db: openSQLite(t)} },
		"postgres": func(t *testing.T) engine { return engine{pool: openPostgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t)
			if n, err := riverjobs.Pending(t.Context(), e.pool, e.db); err != nil || n == 0 {
				t.Fatalf("before: %d, %v", n, err)
			}
			for range 2 {
				if err := riverjobs.Migrate(t.Context(), e.pool, e.db); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := riverjobs.Pending(t.Context(), e.pool, e.db); err != nil || n != 0 {
				t.Fatalf("after: %d, %v", n, err)
			}
		})
	}
}

func TestQueue_CommittedJobsRunOnceAndRolledBackOnesNever(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work := newRecorder()
		e.start(t, work, zap.NewNop())
		challenge, notice, never := uuid.New(), uuid.New(), uuid.New()
		err := e.inTx(t.Context(), func(jobs ports.Jobs) error {
			return errors.Join(jobs.SendChallenge(t.Context(), never), jobs.SendNotice(t.Context(), never), errRollback)
		})
		if !errors.Is(err, errRollback) {
			t.Fatal(err)
		}
		err = e.inTx(t.Context(), func(jobs ports.Jobs) error {
			return errors.Join(jobs.SendChallenge(t.Context(), challenge), jobs.SendNotice(t.Context(), notice))
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := receive(t, work.challenges); got != challenge {
			t.Errorf("challenge %v, want %v", got, challenge)
		}
		if got := receive(t, work.notices); got != notice {
			t.Errorf("notice %v, want %v", got, notice)
		}
		kinds := e.rows(t, "SELECT kind FROM river_job WHERE kind <> 'purge' ORDER BY id")
		if !slices.Equal(kinds, []string{"send_challenge", "send_notice"}) {
			t.Errorf("jobs %v", kinds)
		}
		if len(work.challenges)+len(work.notices) != 0 {
			t.Error("a job ran twice")
		}
	})
}

func TestQueue_JobsCarryAnIDAndNothingElse(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		id := uuid.New()
		e.sendChallenge(t, id)
		column := "CAST(args AS text)"
		if e.db != nil {
			column = "json(args)"
		}
		got := e.rows(t, "SELECT "+column+" FROM river_job")
		if len(got) != 1 || strings.ReplaceAll(got[0], " ", "") != `{"id":"`+id.String()+`"}` {
			t.Errorf("arguments %v", got)
		}
	})
}

func TestWorker_TriesFailedAndPanickingWorkAgain(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work, attempt := newRecorder(), 0
		work.deliver = func(context.Context, uuid.UUID) error {
			switch attempt++; attempt { // one attempt at a time: there is one job
			case 1:
				return errors.New("the mail server is away")
			case 2:
				panic("a fault")
			}
			return nil
		}
		core, logs := observer.New(zap.DebugLevel)
		e.start(t, work, zap.New(core))
		id := uuid.New()
		e.sendChallenge(t, id)
		for range 3 {
			if got := receive(t, work.challenges); got != id {
				t.Errorf("%v, want %v", got, id)
			}
		}
		failed := logs.FilterMessage("job failed, will be tried again").All()
		if len(failed) != 2 || failed[0].ContextMap()["error"] != "the mail server is away" || failed[1].ContextMap()["panic"] != "a fault" {
			t.Errorf("logged %v", failed)
		}
	})
}

func TestWorker_PurgesOnStart(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work := newRecorder()
		e.start(t, work, zap.NewNop())
		receive(t, work.purges)
	})
}

func TestWorker_TwoProcessesRunEachJobOnce(t *testing.T) {
	t.Parallel()
	e := migrated(t, engine{pool: openPostgres(t)})
	const n = 100
	done, seen := make(chan struct{}), map[uuid.UUID]int{}
	var mu sync.Mutex
	work := newRecorder()
	work.deliver = func(_ context.Context, id uuid.UUID) error {
		mu.Lock()
		defer mu.Unlock()
		if seen[id]++; len(seen) == n {
			close(done)
		}
		return nil
	}
	workers := []*riverjobs.Worker{e.start(t, work, zap.NewNop()), e.start(t, work, zap.NewNop())}
	for range n {
		e.sendChallenge(t, uuid.New())
	}
	receive(t, done)
	for _, worker := range workers {
		if err := worker.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%v ran %d times", id, times)
		}
	}
}

func TestStop_WaitsForTheRunningJob(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work, finish, finished := newRecorder(), make(chan struct{}), make(chan struct{})
		work.deliver = func(ctx context.Context, _ uuid.UUID) error {
			<-finish
			close(finished)
			return ctx.Err()
		}
		worker := e.start(t, work, zap.NewNop())
		e.sendChallenge(t, uuid.New())
		receive(t, work.challenges)
		stopped := make(chan error, 1)
		go func() { stopped <- worker.Stop(context.Background()) }()
		select {
		case err := <-stopped:
			t.Fatalf("stopped while a job was running: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		close(finish)
		if err := receive(t, stopped); err != nil {
			t.Fatal(err)
		}
		receive(t, finished)
		if got := e.rows(t, "SELECT CAST(state AS text) FROM river_job WHERE kind = 'send_challenge'"); !slices.Equal(got, []string{"completed"}) {
			t.Errorf("state %v", got)
		}
	})
}

func TestStop_CancelsWhatOutlivesItsDeadlineAndLeavesItForAnother(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work := newRecorder()
		work.deliver = func(ctx context.Context, _ uuid.UUID) error { <-ctx.Done(); return ctx.Err() }
		worker := e.start(t, work, zap.NewNop())
		e.sendChallenge(t, uuid.New())
		receive(t, work.challenges)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := worker.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		another := newRecorder()
		e.start(t, another, zap.NewNop())
		receive(t, another.challenges)
	})
}
