package hashqueue

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// lane runs tasks on a fixed number of threads of its own, in the order of their turns.
type lane struct {
	width, places, niceness int

	mu       sync.Mutex
	work     sync.Cond // somebody waits, or the lane is closed
	everyone *party    // who waits
	running  int
	average  time.Duration // of a hash, moving; zero before the first
	closed   bool

	threads  sync.WaitGroup
	shutdown sync.Once
}

// task is one hash. The caller that waits for it and the thread that runs it meet at done.
type task struct {
	run     func()
	from    origin
	network *party
	place   *list.Element // in its network; nil once it has left
	done    chan struct{}
	err     error // set before done is closed
}

func startLane(width, places, niceness int) *lane {
	if width == 0 {
		width = processors()
	}
	if places == 0 {
		places = PlacesPerWidth * width
	}
	l := &lane{width: width, places: places, niceness: niceness, everyone: newParty("", nil)}
	l.work.L = &l.mu
	extraProcs.raise(width)
	for range width {
		l.startThread()
	}
	return l
}

func (l *lane) startThread() {
	l.threads.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and its priority with it
		lowerPriority(l.niceness)
		closed := false
		defer func() {
			if !closed { // a task has ended the goroutine
				l.startThread()
			}
		}()
		l.serve()
		closed = true
	})
}

// do runs fn in the lane and waits for it. It returns an error without running fn, or, when ctx ends meanwhile,
// without waiting for it.
func (l *lane) do(ctx context.Context, fn func()) error {
	t, err := l.enqueue(ctx, fn)
	if err != nil {
		return err
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		t.leave()
		return l.ended(ctx, t.from)
	}
}

func (l *lane) enqueue(ctx context.Context, fn func()) (*task, error) {
	client := ports.SourceOf(ctx)
	t := &task{run: fn, from: origin{client.Neighbourhood(), client.Network()}, done: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, domain.ErrUnavailable
	}
	if ctx.Err() != nil {
		return nil, l.ended(ctx, t.from)
	}
	idle := l.everyone.waiting+l.running < l.width
	if !idle { // an idle lane always takes work: otherwise it could never learn that hashes have become quicker
		if deadline, ok := ctx.Deadline(); ok && l.wait(t.from)+l.average > time.Until(deadline) {
			return nil, l.overloaded(t.from)
		}
		if l.everyone.waiting >= l.places {
			loser := l.everyone.loser(t.from[:]...)
			if loser == nil {
				return nil, l.overloaded(t.from)
			}
			loser.leave()
			loser.end(l.overloaded(loser.from))
		}
	}
	l.everyone.add(t)
	l.work.Signal()
	return t, nil
}

// wait estimates how long a newcomer waits for a thread.
func (l *lane) wait(from origin) time.Duration {
	return time.Duration(l.everyone.ahead(from[:]...)+1) * l.average / time.Duration(l.width)
}

// overloaded names the time in which a newcomer would have its turn.
func (l *lane) overloaded(from origin) error {
	return domain.Overloaded(max(time.Second, l.wait(from).Round(time.Second)))
}

func (l *lane) ended(ctx context.Context, from origin) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return l.overloaded(from)
	}
	return fmt.Errorf("wait for the hashing lane: %w", ctx.Err())
}

func (t *task) end(err error) {
	t.err = err
	close(t.done)
}

// serve is the life of one thread.
func (l *lane) serve() {
	for t := l.take(); t != nil; t = l.take() {
		l.perform(t)
	}
}

// take waits for a task; nil: the lane is closed.
func (l *lane) take() *task {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.everyone.waiting == 0 && !l.closed {
		l.work.Wait()
	}
	if l.closed {
		return nil
	}
	l.running++
	return l.everyone.next()
}

// perform runs a task. Its caller gets an answer even if the hasher panics or ends the goroutine.
func (l *lane) perform(t *task) {
	begin := time.Now()
	err := errors.New("the hasher ended its goroutine")
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the hasher panicked: %v\n%s", v, debug.Stack())
		}
		l.finish(time.Since(begin))
		t.end(err)
	}()
	t.run()
	err = nil
}

func (l *lane) finish(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.average == 0 {
		l.average = took
	}
	l.average += (took - l.average) / 8
}

func (l *lane) close() {
	l.shutdown.Do(func() {
		l.mu.Lock()
		l.closed = true
		for l.everyone.waiting > 0 {
			l.everyone.next().end(domain.ErrUnavailable)
		}
		l.work.Broadcast()
		l.mu.Unlock()
		l.threads.Wait()
		extraProcs.restore()
	})
}
