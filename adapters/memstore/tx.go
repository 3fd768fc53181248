package memstore

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// tx is an open transaction, or the only statement of an implicit one.
type tx struct {
	store *Store
	mu    sync.Mutex // fn may share tx among goroutines
	over  bool

	calls     []string
	undo      []func()
	jobs      []Job
	events    []domain.AuditEvent
	forgotten []uuid.UUID // the users to be forgotten in committed events
}

var _ ports.Store = (*tx)(nil)

var (
	errNested  = errors.New("memstore: transactions do not nest")
	errOver    = errors.New("memstore: the transaction is over")
	errOutside = errors.New("memstore: only inside InTx")
	errInside  = errors.New("memstore: not inside InTx")
)

// The methods that belong inside of InTx only, and those that belong outside only.
var (
	onlyInTx = []string{"Users.Lock", "Users.SetCustom", "Users.DeleteSignUps", "Sessions.Lock", "Jobs.SendChallenge", "Jobs.SendNotice"}
	notInTx  = []string{"Users.List", "Users.Count", "Audit.List", "Sessions.Authenticate", "Sessions.MarkDelivered"}
)

// InTx is an error: transactions do not nest.
func (t *tx) InTx(context.Context, func(ports.Store) error) error { return errNested }

func (t *tx) statement(ctx context.Context, name string, fn func(t *tx) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, name)
	if err := alive(ctx); err != nil {
		return err
	}
	if t.over {
		return errOver
	}
	if slices.Contains(notInTx, name) {
		return errInside
	}
	return fn(t)
}

func (t *tx) rollBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	for _, undo := range slices.Backward(t.undo) {
		undo()
	}
}

func (t *tx) commit() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	t.store.jobs = append(t.store.jobs, t.jobs...)
	for _, user := range t.forgotten {
		forget(t.store.events, user)
	}
	t.store.events = append(t.store.events, t.events...)
}

// runner is a Store or a tx: where the methods of the ports run.
type runner interface {
	statement(ctx context.Context, name string, fn func(t *tx) error) error
}

// query runs fn as the method of that name, and returns its result.
func query[T any](ctx context.Context, r runner, name string, fn func(t *tx) (T, error)) (T, error) {
	var result, none T
	err := r.statement(ctx, name, func(t *tx) (err error) {
		result, err = fn(t)
		return err
	})
	if err != nil {
		return none, err
	}
	return result, nil
}

// table holds rows by key. Change it by put and remove only, which can be undone.
type table[K comparable, V any] map[K]V

func (rows table[K, V]) put(t *tx, key K, row V) {
	rows.remember(t, key)
	rows[key] = row
}

func (rows table[K, V]) remove(t *tx, key K) {
	rows.remember(t, key)
	delete(rows, key)
}

func (rows table[K, V]) remember(t *tx, key K) {
	before, had := rows[key]
	t.undo = append(t.undo, func() {
		if had {
			rows[key] = before
		} else {
			delete(rows, key)
		}
	})
}

// get returns domain.ErrNotFound when there is no row.
func (rows table[K, V]) get(key K) (V, error) {
	row, ok := rows[key]
	if !ok {
		return row, domain.ErrNotFound
	}
	return row, nil
}

// where yields the rows that match, in no order.
func (rows table[K, V]) where(match func(V) bool) iter.Seq[V] {
	return func(yield func(V) bool) {
		for row := range maps.Values(rows) {
			if match(row) && !yield(row) {
				return
			}
		}
	}
}

// Both runners offer the ports.

func (s *Store) Users() ports.Users           { return users{s} }
func (s *Store) Sessions() ports.Sessions     { return sessions{s} }
func (s *Store) Challenges() ports.Challenges { return challenges{s} }
func (s *Store) Notices() ports.Notices       { return notices{s} }
func (s *Store) Throttles() ports.Throttles   { return throttles{s} }
func (s *Store) Audit() ports.Audit           { return audit{s} }
func (s *Store) Jobs() ports.Jobs             { return jobs{s} }

func (t *tx) Users() ports.Users           { return users{t} }
func (t *tx) Sessions() ports.Sessions     { return sessions{t} }
func (t *tx) Challenges() ports.Challenges { return challenges{t} }
func (t *tx) Notices() ports.Notices       { return notices{t} }
func (t *tx) Throttles() ports.Throttles   { return throttles{t} }
func (t *tx) Audit() ports.Audit           { return audit{t} }
func (t *tx) Jobs() ports.Jobs             { return jobs{t} }
