package hashqueue

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestQueue_WhoseTimeIsOverLeavesUnserved(t *testing.T) {
	t.Parallel()
	inWorld(t, 2, func(w *world) {
		deadline, stop := context.WithTimeout(w.Context(), time.Hour)
		defer stop()
		ctx, cancel := context.WithCancel(w.Context())
		late, gone := w.comeFor(deadline, annes, "late"), w.comeFor(ctx, bens, "gone")
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) || errors.Is(err, domain.Overloaded(0)) {
			w.Errorf("cancelled: %v", err)
		}
		overloaded(w, <-late) // an hour later
		if n := w.Queue.everyone.waiting; n != 0 {
			w.Errorf("%d still wait", n)
		}
		if err := answered(w, w.comeFor(ctx, annes, "late")); !errors.Is(err, context.Canceled) {
			w.Errorf("cancelled before: %v", err)
		}
		overloaded(w, answered(w, w.comeFor(deadline, annes, "late")))
		w.flood(annes, "a", 1)
		w.serve(1)
		w.begin("a1")
	})
}

func TestQueue_WhoGoesWhileItIsServedDoesNotWait(t *testing.T) {
	t.Parallel()
	inWorld(t, 2, func(w *world) {
		ctx, cancel := context.WithCancel(w.Context())
		gone := w.comeFor(ctx, annes, "gone")
		w.serve(1)
		w.begin("gone")
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			w.Error(err)
		}
	})
}

func TestQueue_AnIdleOneTakesWorkWhateverItHasLearnt(t *testing.T) {
	t.Parallel()
	inWorld(t, 1, func(w *world) {
		w.serve(1)
		w.learn(time.Hour)
		ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
		defer cancel()
		result := w.comeFor(ctx, annes, "a")
		w.serve(1)
		if err := answered(w, result); err != nil {
			w.Error(err)
		}
		if w.Queue.average >= time.Hour {
			w.Errorf("it has learnt nothing: %v", w.Queue.average)
		}
		w.come(annes, "last")
	})
}

func TestQueue_LearnsHowLongAHashTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, err := New(nil, Config{Width: 1, Places: 10})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = q.Close() }()
		for i := range 43 { // times are the bubble's
			took := 8 * time.Millisecond
			if i < 3 {
				took *= 10
			}
			if err := q.do(t.Context(), func() { time.Sleep(took) }); err != nil {
				t.Fatal(err)
			}
		}
		if q.average < 8*time.Millisecond || q.average > 10*time.Millisecond {
			t.Errorf("%v", q.average)
		}
	})
}

func TestQueue_HandsOverWhatTheHasherAnswers(t *testing.T) {
	t.Parallel()
	queue := around(t, func() error { return nil })
	if ok, outdated, err := queue.Verify(t.Context(), domain.PasswordHash{}, domain.Password{}); !ok || !outdated || err != nil {
		t.Errorf("%v, %v, %v", ok, outdated, err)
	}
	failed := errors.New("failed")
	queue = around(t, func() error { return failed })
	if _, err := queue.Hash(t.Context(), domain.Password{}); !errors.Is(err, failed) {
		t.Error(err)
	}
	if ok, outdated, err := queue.Verify(t.Context(), domain.PasswordHash{}, domain.Password{}); ok || outdated || !errors.Is(err, failed) {
		t.Errorf("%v, %v, %v", ok, outdated, err)
	}
}

// odd is a hasher that does something else. What it succeeds with is right, and outdated.
type odd func() error

func (f odd) Hash(context.Context, domain.Password) (domain.PasswordHash, error) {
	return domain.PasswordHash{}, f()
}

func (f odd) Verify(context.Context, domain.PasswordHash, domain.Password) (ok, outdated bool, err error) {
	err = f()
	return err == nil, err == nil, err
}

// around returns a queue of two threads around a hasher that does something else.
func around(t *testing.T, f odd) *Queue {
	t.Helper()
	queue, err := New(f, Config{Width: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Close() })
	return queue
}

func TestQueue_SurvivesAHasherThatPanicsOrEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault odd
		want  string
	}{
		"panic":  {func() error { panic("out of order") }, "the hasher panicked: out of order\n"},
		"nil":    {func() error { panic(nil) }, "the hasher panicked: "}, //nolint:govet // on purpose
		"Goexit": {func() error { runtime.Goexit(); return nil }, "the hasher ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var broken atomic.Bool
			broken.Store(true)
			queue := around(t, func() error {
				if broken.Load() {
					return c.fault()
				}
				return nil
			})
			for range 5 { // more often than there are threads
				_, err := queue.Hash(t.Context(), domain.Password{})
				if err == nil || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("%v", err)
				}
			}
			broken.Store(false)
			if _, err := queue.Hash(t.Context(), domain.Password{}); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if queue.running != 0 {
				t.Errorf("%d seem to run", queue.running)
			}
		})
	}
}

func TestQueue_NeverHashesMoreAtTheSameTimeThanItsWidth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		var now, most atomic.Int32
		queue, err := New(odd(func() error {
			most.Store(max(most.Load(), now.Add(1)))
			<-let
			now.Add(-1)
			return nil
		}), Config{Width: 3})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { _, _ = queue.Hash(t.Context(), domain.Password{}) })
			synctest.Wait()
		}
		if now.Load() != 3 {
			t.Errorf("%d run", now.Load())
		}
		close(let)
		wg.Wait()
		if most.Load() != 3 {
			t.Errorf("%d at the same time", most.Load())
		}
		_ = queue.Close()
	})
}

func TestClose_WaitsForWorkAndTurnsAwayWhoWaits(t *testing.T) {
	t.Parallel()
	inWorld(t, 5, func(w *world) {
		waiting := append(w.flood(annes, "a", 2), w.flood(bens, "b", 1)...)
		closed := make(chan struct{})
		go func() { _ = w.Close(); close(closed) }()
		synctest.Wait()
		for _, result := range append(waiting, w.come(caras, "c")) {
			if err := answered(w, result); !errors.Is(err, domain.ErrUnavailable) {
				w.Error(err)
			}
		}
		select {
		case <-closed:
			w.Error("it did not wait for the running hash")
		default:
		}
		if err := w.come(caras, "c"); !errors.Is(answered(w, err), domain.ErrUnavailable) {
			w.Error("a closed queue takes work")
		}
	})
}

// Not parallel: it looks at the whole process.
func TestQueue_GivesBackWhatItTook(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	before := runtime.GOMAXPROCS(0)
	first, err := New(odd(nil), Config{Width: 3})
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(odd(nil), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before+3 {
		t.Errorf("GOMAXPROCS went from %d to %d", before, got)
	}
	if second.width != before || second.places != PlacesPerWidth*before {
		t.Errorf("%d wide with %d places for %d processors", second.width, second.places, before)
	}
	for _, q := range []*Queue{first, second, second} {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS is %d, was %d", got, before)
	}
	goleak.VerifyNone(t, leak)
}

func TestNew_RefusesNegativeSizes(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{Width: -1}, {Places: -1}} {
		if q, err := New(odd(nil), cfg); err == nil {
			_ = q.Close()
			t.Errorf("%+v", cfg)
		}
	}
}

func TestQueue_AStormOfCallersGetsAnAnswerEach(t *testing.T) {
	t.Parallel()
	var done atomic.Int32
	queue, err := New(odd(func() error { done.Add(1); return nil }), Config{Width: 2, Places: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = queue.Close() }()
	var served, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			client := domain.Source{IP: []string{annes, alsoAn, bens, caras, ""}[i%5]}
			ctx, cancel := context.WithTimeout(ports.WithSource(context.Background(), client), time.Duration(i%20+1)*100*time.Microsecond)
			defer cancel()
			switch _, err := queue.Hash(ctx, domain.Password{}); {
			case err == nil:
				served.Add(1)
			case errors.Is(err, domain.Overloaded(0)):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if served.Load()+refused.Load() != 400 || served.Load() > done.Load() {
		t.Errorf("%d served of %d done, %d refused", served.Load(), done.Load(), refused.Load())
	}
	if all := queue.everyone; all.waiting+len(all.parties) != 0 {
		t.Errorf("%d still wait", all.waiting)
	}
}
