package application_test

import (
	"context"
	"sync"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// stops are places in the application's work where a test has something else done first, from beginning to end.
type stops struct {
	mu     sync.Mutex
	inTx   []func() // before the next transactions of the application, one each; nil: nothing
	hashes []func() // before the next hashes
}

// beforeTx has do run before the n-th transaction from now on.
func (s *stops) beforeTx(n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inTx = append(make([]func(), n), do)
}

// beforeHash has do run before the n-th hash from now on.
func (s *stops) beforeHash(n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashes = append(make([]func(), n), do)
}

func (s *stops) at(place *[]func()) {
	s.mu.Lock()
	var do func()
	if len(*place) > 0 {
		do, *place = (*place)[0], (*place)[1:]
	}
	s.mu.Unlock()
	if do != nil {
		do()
	}
}

// pending reports whether a stop was not reached.
func (s *stops) pending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := len(s.inTx)+len(s.hashes) > 0
	s.inTx, s.hashes = nil, nil
	return pending
}

type stopping struct {
	ports.Store
	stops *stops
}

func (s stopping) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	s.stops.at(&s.stops.inTx)
	return s.Store.InTx(ctx, fn)
}

type stoppingHasher struct {
	*hasher
	stops *stops
}

func (h stoppingHasher) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	h.stops.at(&h.stops.hashes)
	return h.hasher.Hash(ctx, p)
}

func (h stoppingHasher) Verify(ctx context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error) {
	h.stops.at(&h.stops.hashes)
	return h.hasher.Verify(ctx, hash, p)
}
