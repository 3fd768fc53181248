package bcrypthash

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"coffeeshop/domain"
)

// lane runs hashes on a fixed number of threads of its own, first come, first served.
type lane struct {
	width, capacity int

	mu      sync.Mutex
	work    sync.Cond // the queue is not empty, or the lane is closed
	queue   list.List // of *task
	running int
	average time.Duration // of a hash, moving; zero before the first
	closed  bool

	threads  sync.WaitGroup
	shutdown sync.Once
}

// task is one hash. The caller that waits for it and the thread that runs it meet at done.
type task struct {
	run   func()
	place *list.Element // in the queue; nil once it has left
	done  chan struct{}
	err   error // set before done is closed
}

func startLane(width, capacity, niceness int) *lane {
	if width == 0 {
		width = processors()
	}
	if capacity == 0 {
		capacity = QueuePerWidth * width
	}
	l := &lane{width: width, capacity: capacity}
	l.work.L = &l.mu
	extraProcs.raise(width)
	for range width {
		l.threads.Go(func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and its priority with it
			lowerPriority(niceness)
			l.serve()
		})
	}
	return l
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
		return l.leave(ctx, t)
	}
}

func (l *lane) enqueue(ctx context.Context, fn func()) (*task, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, domain.ErrUnavailable
	}
	if ctx.Err() != nil {
		return nil, l.ended(ctx)
	}
	idle := l.queue.Len()+l.running < l.width
	if !idle { // an idle lane always takes work: otherwise it could never learn that hashes have become quicker
		if l.queue.Len() >= l.capacity {
			return nil, l.overloaded()
		}
		if deadline, ok := ctx.Deadline(); ok && l.wait()+l.average > time.Until(deadline) {
			return nil, l.overloaded()
		}
	}
	t := &task{run: fn, done: make(chan struct{})}
	t.place = l.queue.PushBack(t)
	l.work.Signal()
	return t, nil
}

// wait estimates how long the next one in the queue waits for a thread.
func (l *lane) wait() time.Duration {
	return time.Duration(l.queue.Len()+1) * l.average / time.Duration(l.width)
}

// overloaded names the time in which the queue as it is will have been worked off.
func (l *lane) overloaded() error {
	return domain.Overloaded(max(time.Second, l.wait().Round(time.Second)))
}

// leave takes a task whose caller has gone out of the queue.
func (l *lane) leave(ctx context.Context, t *task) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.place != nil {
		l.queue.Remove(t.place)
		t.place = nil
	}
	return l.ended(ctx)
}

func (l *lane) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return l.overloaded()
	}
	return fmt.Errorf("wait for the hashing lane: %w", ctx.Err())
}

// serve is the life of one thread.
func (l *lane) serve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		for l.queue.Len() == 0 && !l.closed {
			l.work.Wait()
		}
		if l.closed {
			return
		}
		t := l.queue.Remove(l.queue.Front()).(*task)
		t.place = nil
		l.running++
		l.mu.Unlock()

		begin := time.Now()
		t.run()
		took := time.Since(begin)
		close(t.done)

		l.mu.Lock()
		l.running--
		if l.average == 0 {
			l.average = took
		}
		l.average += (took - l.average) / 8
	}
}

func (l *lane) close() {
	l.shutdown.Do(func() {
		l.mu.Lock()
		l.closed = true
		for e := l.queue.Front(); e != nil; e = e.Next() {
			t := e.Value.(*task)
			t.place, t.err = nil, domain.ErrUnavailable
			close(t.done)
		}
		l.queue.Init()
		l.work.Broadcast()
		l.mu.Unlock()
		l.threads.Wait()
		extraProcs.restore()
	})
	l.threads.Wait()
}
