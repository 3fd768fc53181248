package bootstrap

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// A hasher without the queue looks at no deadline.
func TestGraph_TheApplicationHashesThroughTheQueue(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load(local(t))
	if err != nil {
		t.Fatal(err)
	}
	var hasher ports.Hasher
	app := newGraph(cfg, process{}, fx.Populate(&hasher))
	if err := start(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if _, err := hasher.Hash(t.Context(), domain.PasswordToTry("password")); err != nil {
		t.Error(err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if _, err := hasher.Hash(late, domain.PasswordToTry("password")); !errors.Is(err, domain.Overloaded(0)) {
		t.Errorf("too late for a hash: %v", err)
	}
	if err := stop(cfg, app); err != nil {
		t.Fatal(err)
	}
	if _, err := hasher.Hash(t.Context(), domain.PasswordToTry("password")); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("after the end: %v", err)
	}
}

// stuck is a hasher that comes to no end by itself.
type stuck struct {
	begun atomic.Int32
	let   chan struct{}
}

func (s *stuck) Hash(context.Context, domain.Password) (domain.PasswordHash, error) {
	s.begun.Add(1)
	<-s.let
	return domain.PasswordHash{}, nil
}

func (s *stuck) Verify(context.Context, domain.PasswordHash, domain.Password) (ok, outdated bool, err error) {
	panic("nobody asks")
}

func TestQueued_HasAsManyPlacesAsConfigured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hasher := &stuck{let: make(chan struct{})}
		lc := fxtest.NewLifecycle(t)
		queue, err := queued(lc, config.Config{HashQueue: 3}, hasher)
		if err != nil {
			t.Fatal(err)
		}
		lc.RequireStart()
		calls := runtime.GOMAXPROCS(0) + 10
		answers := make(chan error, calls)
		for range calls {
			go func() {
				_, err := queue.Hash(t.Context(), domain.Password{})
				answers <- err
			}()
			synctest.Wait()
		}
		if waiting := calls - len(answers) - int(hasher.begun.Load()); waiting != 3 {
			t.Errorf("%d wait", waiting)
		}
		close(hasher.let)
		lc.RequireStop()
	})
}

func TestWarnOfDearHashes_SaysWhatTimingTells(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	for name, c := range map[string]struct {
		some  bool
		fault error
		lines int
	}{"none": {}, "some": {some: true, lines: 1}, "no answer": {some: true, fault: failed}} {
		seen, lines := observer.New(zap.WarnLevel)
		err := warnOfDearHashes(t.Context(), 14, func(_ context.Context, prefixes []string) (bool, error) {
			if !slices.Contains(prefixes, "$2b$15$") || slices.Contains(prefixes, "$2b$14$") {
				t.Errorf("asked for %q", prefixes)
			}
			return c.some, c.fault
		}, zap.New(seen))
		if !errors.Is(err, c.fault) || lines.Len() != c.lines {
			t.Errorf("%s: %v, %d lines", name, err, lines.Len())
		}
	}
}
