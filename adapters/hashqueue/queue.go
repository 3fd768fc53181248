// Package hashqueue puts a bounded, fair queue in front of a hasher, on threads of its own that leave the
// processors to everything else.
//
// Neighbourhoods (domain.Client) have their turns one after the other, and so have the networks within each; a
// network is served in the order of arrival. What comes from no network (the terminal, jobs) is a neighbourhood
// of its own. When all places are taken, a newcomer gets the place of whoever holds more than a fair share. So a
// flood makes others wait for a turn, and costs them no place.
package hashqueue

import (
	"context"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Config sizes the queue.
type Config struct {
	Width  int // how many hashes at the same time; 0: one a processor
	Places int // how many may wait; 0: PlacesPerWidth for each of Width
}

// PlacesPerWidth is the default of places: at bcrypt's cost 12 the last of a queue of one client waits some 15
// seconds.
const PlacesPerWidth = 64

// Queue implements ports.Hasher by another one.
type Queue struct {
	hasher ports.Hasher
	lane   *lane
}

var _ ports.Hasher = (*Queue)(nil)

// New starts the threads; Close ends them.
func New(hasher ports.Hasher, cfg Config) (*Queue, error) {
	switch {
	case cfg.Width < 0:
		return nil, fmt.Errorf("the width of the hashing lane must not be negative: %d", cfg.Width)
	case cfg.Places < 0:
		return nil, fmt.Errorf("the places of the hashing lane must not be negative: %d", cfg.Places)
	}
	return &Queue{hasher: hasher, lane: startLane(cfg.Width, cfg.Places, niceness)}, nil
}

// Close ends the threads: what is being hashed is finished, what waits gets domain.ErrUnavailable. The hasher
// behind the queue is not the queue's to close.
func (q *Queue) Close() error {
	q.lane.close()
	return nil
}

// Hash implements ports.Hasher.
func (q *Queue) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	var hash domain.PasswordHash
	var err error
	if refused := q.lane.do(ctx, func() { hash, err = q.hasher.Hash(ctx, p) }); refused != nil {
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
	if refused := q.lane.do(ctx, work); refused != nil {
		return false, false, refused
	}
	return result.ok, result.outdated, result.err
}
