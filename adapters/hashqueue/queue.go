// Package hashqueue puts a bounded, fair queue in front of a hasher. Its workers leave processors to other requests.
//
// Neighbourhoods (domain.Source) have their turns one after the other, and so have the networks within each; a network is
// served in the order of arrival. Calls from no network (the terminal, jobs) are a neighbourhood of their own. When all
// places are taken, a newcomer gets the place of a party that holds more than a fair share. So a flood makes others wait
// for a turn, and costs them no place.
package hashqueue

import (
	"context"
	"fmt"
	"sync"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Config sizes the queue.
type Config struct {
	Width  int // hashes at the same time; 0: one a processor
	Places int // hashes that may wait; 0: PlacesPerWidth for each of Width
}

// PlacesPerWidth is the default of places: at bcrypt's cost 12 the last of a queue of one client waits some 15
// seconds.
const PlacesPerWidth = 64

// Queue implements ports.Hasher by another one.
type Queue struct {
	hasher        ports.Hasher
	width, places int

	mu       sync.Mutex
	work     sync.Cond // some task waits, or the queue is closed
	everyone *party    // the tasks that wait
	running  int
	average  time.Duration // of a hash, moving; zero before the first
	closed   bool
	refused  int

	workers  sync.WaitGroup
	shutdown sync.Once
}

var _ ports.Hasher = (*Queue)(nil)

// New starts the workers; Close ends them.
func New(hasher ports.Hasher, cfg Config) (*Queue, error) {
	if cfg.Width < 0 || cfg.Places < 0 {
		return nil, fmt.Errorf("the width and the places of the queue of hashes must not be negative: %d, %d", cfg.Width, cfg.Places)
	}
	q := &Queue{hasher: hasher, width: cfg.Width, places: cfg.Places, everyone: newParty("", nil)}
	if q.width == 0 {
		q.width = processors()
	}
	if q.places == 0 {
		q.places = PlacesPerWidth * q.width
	}
	q.work.L = &q.mu
	extraProcs.raise(q.width)
	for range q.width {
		q.startWorker()
	}
	return q, nil
}

// Load is how many hashes wait, and how many calls were refused so far for want of a place or of time.
func (q *Queue) Load() (waiting, refused int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.everyone.waiting, q.refused
}

// Close ends the workers: hashes at work are finished, waiting ones get domain.ErrUnavailable. It does not close the
// hasher behind the queue.
func (q *Queue) Close() error {
	q.shutdown.Do(func() {
		q.mu.Lock()
		q.closed = true
		for q.everyone.waiting > 0 {
			q.everyone.next().end(domain.ErrUnavailable)
		}
		q.work.Broadcast()
		q.mu.Unlock()
		q.workers.Wait()
		extraProcs.restore()
	})
	return nil
}

// Hash implements ports.Hasher.
func (q *Queue) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	var hash domain.PasswordHash
	var err error
	if refused := q.do(ctx, func() { hash, err = q.hasher.Hash(ctx, p) }); refused != nil {
		return domain.PasswordHash{}, refused // hash may still be written
	}
	return hash, err
}

// Verify implements ports.Hasher.
func (q *Queue) Verify(ctx context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	var result struct {
		ok, outdated bool
		err          error
	}
	work := func() { result.ok, result.outdated, result.err = q.hasher.Verify(ctx, hash, p) }
	if refused := q.do(ctx, work); refused != nil {
		return false, false, refused
	}
	return result.ok, result.outdated, result.err
}
