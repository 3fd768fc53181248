package hashqueue

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// task is one hash. Its caller waits for done, which its worker closes.
type task struct {
	run     func()
	from    origin
	network *party
	place   *list.Element // in its network; nil once it has left
	done    chan struct{}
	err     error // set before done is closed
}

func (q *Queue) startWorker() {
	q.workers.Go(func() {
		closed := false
		defer func() {
			if !closed { // a task has ended the goroutine
				q.startWorker()
			}
		}()
		q.serve()
		closed = true
	})
}

// do runs fn in its turn and waits for it. It returns an error without running fn, or, when ctx ends meanwhile, without
// waiting for it.
func (q *Queue) do(ctx context.Context, fn func()) error {
	t, err := q.enqueue(ctx, fn)
	if err != nil {
		return err
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		t.leave()
		return q.ended(ctx, t.from)
	}
}

func (q *Queue) enqueue(ctx context.Context, fn func()) (*task, error) {
	source := ports.SourceOf(ctx)
	t := &task{run: fn, from: origin{source.Neighbourhood(), source.Network()}, done: make(chan struct{})}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, domain.ErrUnavailable
	}
	if ctx.Err() != nil {
		return nil, q.ended(ctx, t.from)
	}
	idle := q.everyone.waiting+q.running < q.width
	if !idle { // an idle queue always takes work: otherwise it could never learn that hashes have become quicker
		if deadline, ok := ctx.Deadline(); ok && q.wait(t.from)+q.average > time.Until(deadline) {
			return nil, q.overloaded(t.from)
		}
		if q.everyone.waiting >= q.places {
			loser := q.everyone.loser(t.from[:]...)
			if loser == nil {
				return nil, q.overloaded(t.from)
			}
			loser.leave()
			loser.end(q.overloaded(loser.from))
		}
	}
	q.everyone.add(t)
	q.work.Signal()
	return t, nil
}

// wait estimates how long a newcomer waits for a worker.
func (q *Queue) wait(from origin) time.Duration {
	return time.Duration(q.everyone.ahead(from[:]...)+1) * q.average / time.Duration(q.width)
}

// overloaded is the refusal, with the time until a newcomer would have its turn.
func (q *Queue) overloaded(from origin) error {
	q.refused++
	return domain.Overloaded(max(time.Second, q.wait(from).Round(time.Second)))
}

func (q *Queue) ended(ctx context.Context, from origin) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return q.overloaded(from)
	}
	return fmt.Errorf("wait for the queue of hashes: %w", ctx.Err())
}

func (t *task) end(err error) {
	t.err = err
	close(t.done)
}

// serve is the life of one worker.
func (q *Queue) serve() {
	for t := q.take(); t != nil; t = q.take() {
		q.perform(t)
	}
}

// take waits for a task; nil: the queue is closed.
func (q *Queue) take() *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.everyone.waiting == 0 && !q.closed {
		q.work.Wait()
	}
	if q.closed {
		return nil
	}
	q.running++
	return q.everyone.next()
}

// perform runs a task. Its caller gets an answer even if the hasher panics or ends the goroutine.
func (q *Queue) perform(t *task) {
	begin := time.Now()
	err := errors.New("the hasher ended its goroutine")
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the hasher panicked: %v\n%s", v, debug.Stack())
		}
		q.finish(time.Since(begin))
		t.end(err)
	}()
	t.run()
	err = nil
}

func (q *Queue) finish(took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	if q.average == 0 {
		q.average = took
	}
	q.average += (took - q.average) / 8
}
