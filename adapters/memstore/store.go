// Package memstore keeps everything in memory: the store that use-case tests run on. It passes the same
// conformance suite as the databases, and is stricter than they are about the order of locks, so that a use
// case that breaks the contract fails here first.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
	"coffeeshop/ports/portstest"
)

// The kinds of Job.
const (
	KindSendChallenge = "send_challenge"
	KindSendNotice    = "send_notice"
)

// Job is one enqueued piece of work.
type Job struct {
	Kind string
	ID   uuid.UUID // of the challenge or the notice
}

// Store is a ports.Store. Transactions are serial: a method of the Store itself called inside the fn of InTx
// waits until its context ends.
type Store struct {
	turn chan struct{} // holds a token while nobody uses the tables
	tables

	mu     sync.Mutex // guards what follows, so that tests can look at it during a transaction
	calls  map[string]int
	jobs   []Job
	events []domain.AuditEvent
}

var _ ports.Store = (*Store)(nil)

type tables struct {
	users      table[uuid.UUID, domain.User]
	sessions   table[uuid.UUID, domain.Session]
	whitelist  table[uuid.UUID, domain.RefreshToken] // by session
	blacklist  table[uuid.UUID, domain.RevokedToken] // by JTI
	superseded table[generation, uuid.UUID]          // the JTI in the blacklist
	challenges table[uuid.UUID, domain.Challenge]
	notices    table[uuid.UUID, domain.Notice]
	throttles  table[string, throttle]
	remembered table[string, remembered]
}

// New returns an empty store.
func New() *Store {
	s := &Store{turn: make(chan struct{}, 1), calls: map[string]int{}, tables: tables{
		users:      table[uuid.UUID, domain.User]{},
		sessions:   table[uuid.UUID, domain.Session]{},
		whitelist:  table[uuid.UUID, domain.RefreshToken]{},
		blacklist:  table[uuid.UUID, domain.RevokedToken]{},
		superseded: table[generation, uuid.UUID]{},
		challenges: table[uuid.UUID, domain.Challenge]{},
		notices:    table[uuid.UUID, domain.Notice]{},
		throttles:  table[string, throttle]{},
		remembered: table[string, remembered]{},
	}}
	s.turn <- struct{}{}
	return s
}

// Calls returns how often each method of the ports was called, by its name: "Users.ByEmail"; "InTx" too.
func (s *Store) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// EnqueuedJobs returns the committed jobs that were not taken, oldest first.
func (s *Store) EnqueuedJobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.jobs)
}

// TakeJobs returns the committed jobs, oldest first, and forgets them.
func (s *Store) TakeJobs() []Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs := s.jobs
	s.jobs = nil
	return jobs
}

// InTx is the contract's; fn runs once. Calls counts neither a run of portstest.Twice that is rolled back nor what
// was called in it.
func (s *Store) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	calls := []string{"InTx"}
	err := s.transact(ctx, func(t *tx) error {
		defer func() { calls = append(calls, t.calls...) }()
		return fn(portstest.InOrder(t))
	})
	if !errors.Is(err, portstest.ErrAgain) {
		s.count(calls...)
	}
	return err
}

// transact runs fn alone, and undoes what it did when it fails, panics or ends its goroutine.
func (s *Store) transact(ctx context.Context, fn func(t *tx) error) error {
	if err := alive(ctx); err != nil {
		return err
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		return alive(ctx)
	}
	t := &tx{store: s}
	done := false
	defer func() {
		if !done {
			t.rollBack()
		}
		s.turn <- struct{}{}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := alive(ctx); err != nil {
		return err
	}
	done = true
	t.commit()
	return nil
}

// statement runs one method outside of a transaction.
func (s *Store) statement(ctx context.Context, name string, fn func(t *tx) error) error {
	s.count(name)
	if slices.Contains(onlyInTx, name) {
		return errOutside
	}
	return s.transact(ctx, fn)
}

func (s *Store) count(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		s.calls[name]++
	}
}

// alive returns an error when ctx has ended.
func alive(ctx context.Context) error {
	switch err := ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("wait for the store: %w: %w", domain.ErrUnavailable, err)
	case err != nil:
		return fmt.Errorf("use the store: %w", err)
	}
	return nil
}
