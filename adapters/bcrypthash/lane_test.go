package bcrypthash

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"coffeeshop/domain"
)

// busyLane is a lane whose threads are all held until release is called.
func busyLane(t *testing.T, width, capacity int) (l *lane, release func()) {
	t.Helper()
	l = startLane(width, capacity, 0)
	gate := make(chan struct{})
	var started, held sync.WaitGroup
	started.Add(width)
	for range width {
		held.Go(func() {
			if err := l.do(context.Background(), func() { started.Done(); <-gate }); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
	release = sync.OnceFunc(func() { close(gate); held.Wait() })
	t.Cleanup(func() { release(); l.close() })
	return l, release
}

func (l *lane) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.Len()
}

// enqueued starts a call that has to wait, and returns once it does.
func enqueued(ctx context.Context, l *lane, fn func()) <-chan error {
	before := l.waiting()
	result := make(chan error, 1)
	go func() { result <- l.do(ctx, fn) }()
	for l.waiting() == before {
		runtime.Gosched()
	}
	return result
}

func TestLane_AFullQueueAnswersOverloadedBeforeAnyWork(t *testing.T) {
	t.Parallel()
	l, release := busyLane(t, 2, 3)
	var results []<-chan error
	for range 3 {
		results = append(results, enqueued(context.Background(), l, func() {}))
	}
	for range 3 {
		err := l.do(context.Background(), func() { t.Error("it ran") })
		var overloaded *domain.Error
		if !errors.As(err, &overloaded) || !errors.Is(err, domain.Overloaded(0)) || overloaded.RetryAfter < time.Second {
			t.Errorf("%#v", err)
		}
	}
	release()
	for _, result := range results {
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	if err := l.do(context.Background(), func() {}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestLane_RefusesAtOnceWhatItCouldNotFinishInTime(t *testing.T) {
	t.Parallel()
	l, _ := busyLane(t, 1, 100)
	l.mu.Lock()
	l.average = time.Hour
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Minute)
	defer cancel()
	err := l.do(ctx, func() { t.Error("it ran") })
	var overloaded *domain.Error
	if !errors.As(err, &overloaded) || overloaded.Code != "overloaded" || overloaded.RetryAfter != time.Hour {
		t.Errorf("%#v", err)
	}
	if l.waiting() != 0 {
		t.Error("it was enqueued")
	}
}

func TestLane_AnIdleLaneTakesWorkWhateverItsAverage(t *testing.T) {
	t.Parallel()
	l := startLane(1, 1, 0)
	defer l.close()
	l.average = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.do(ctx, func() {}); err != nil {
		t.Error(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == 0 && l.average >= time.Hour {
		t.Errorf("the average is still %v", l.average)
	}
}

func TestLane_WhoseTimeIsOverLeavesTheQueueUnserved(t *testing.T) {
	t.Parallel()
	l, release := busyLane(t, 1, 2)
	ran := false
	deadline, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	if err := l.do(deadline, func() { ran = true }); !errors.Is(err, domain.Overloaded(0)) {
		t.Errorf("deadline: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := enqueued(ctx, l, func() { ran = true })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) || errors.Is(err, domain.Overloaded(0)) {
		t.Errorf("cancelled: %v", err)
	}
	if n := l.waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	if err := l.do(ctx, func() { ran = true }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	last := enqueued(context.Background(), l, func() {})
	release()
	if err := <-last; err != nil {
		t.Error(err)
	}
	if ran {
		t.Error("work was done for nobody")
	}
}

func TestLane_ServesInTheOrderOfArrivalAndNeverMoreThanItsWidth(t *testing.T) {
	t.Parallel()
	l, release := busyLane(t, 1, 10)
	var order []int
	var results []<-chan error
	for i := range 10 {
		results = append(results, enqueued(context.Background(), l, func() { order = append(order, i) }))
	}
	release()
	for _, result := range results {
		if err := <-result; err != nil {
			t.Error(err)
		}
	}
	for i, n := range order {
		if i != n {
			t.Fatalf("served in the order %v", order)
		}
	}

	wide := startLane(3, 100, 0)
	defer wide.close()
	var now, most atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_ = wide.do(context.Background(), func() {
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				runtime.Gosched()
				now.Add(-1)
			})
		})
	}
	wg.Wait()
	if most.Load() > 3 {
		t.Errorf("%d at the same time", most.Load())
	}
}

func TestClose_WaitsForWorkAndTurnsTheQueueAway(t *testing.T) {
	t.Parallel()
	l, release := busyLane(t, 1, 2)
	first, second := enqueued(context.Background(), l, func() { t.Error("it ran") }), enqueued(context.Background(), l, func() { t.Error("it ran") })
	closed := make(chan struct{})
	go func() { l.close(); close(closed) }()
	for _, result := range []<-chan error{first, second} {
		if err := <-result; !errors.Is(err, domain.ErrUnavailable) {
			t.Error(err)
		}
	}
	select {
	case <-closed:
		t.Error("it did not wait for the running hash")
	default:
	}
	release()
	<-closed
	l.close()
	if err := l.do(context.Background(), func() {}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("afterwards: %v", err)
	}
}

// Not parallel: it looks at the whole process.
func TestHasher_GivesBackWhatItTook(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	before := runtime.GOMAXPROCS(0)
	first, err := New(Config{Cost: 4, Width: 3})
	if err != nil {
		t.Fatal(err)
	}
	second, err := New(Config{Cost: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before+3 {
		t.Errorf("GOMAXPROCS went from %d to %d", before, got)
	}
	if second.lane.width != before {
		t.Errorf("the lane is %d wide for %d processors", second.lane.width, before)
	}
	mustHash(t, first, "password")
	mustHash(t, second, "password")
	for _, h := range []*Hasher{first, second, second} {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("GOMAXPROCS is %d, was %d", got, before)
	}
	goleak.VerifyNone(t, leak)
}

func TestLane_AStormOfCallersGetsAnAnswerEach(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{Width: 2, Queue: 8})
	hash := mustHash(t, h, "password")
	var served, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%20+1)*time.Millisecond)
			defer cancel()
			ok, _, err := h.Verify(ctx, hash, domain.PasswordToTry("password"))
			switch {
			case err == nil && ok:
				served.Add(1)
			case errors.Is(err, domain.Overloaded(0)) && !ok:
				refused.Add(1)
			default:
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	wg.Wait()
	if served.Load()+refused.Load() != 200 {
		t.Errorf("%d served, %d refused", served.Load(), refused.Load())
	}
	if n := h.lane.waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

func TestLane_LearnsHowLongAHashTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := startLane(1, 10, 0)
		for range 3 {
			if err := l.do(context.Background(), func() { time.Sleep(80 * time.Millisecond) }); err != nil {
				t.Fatal(err)
			}
		}
		for range 40 {
			if err := l.do(context.Background(), func() { time.Sleep(8 * time.Millisecond) }); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		l.mu.Lock()
		average := l.average
		l.mu.Unlock()
		if average < 8*time.Millisecond || average > 10*time.Millisecond {
			t.Errorf("%v", average)
		}
		l.close()
	})
}
