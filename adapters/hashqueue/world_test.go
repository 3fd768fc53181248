package hashqueue

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a queue in a bubble, in which time passes only when everybody waits, with a hasher that the test
// holds: it notes what it begins, and goes on when it is let.
type world struct {
	*testing.T
	*Queue
	begun []string
	let   chan struct{}
}

// inWorld runs a test on a queue of one thread, which hashes "first".
func inWorld(t *testing.T, places int, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, let: make(chan struct{})}
		queue, err := New(hold{w}, Config{Width: 1, Places: places})
		if err != nil {
			t.Fatal(err)
		}
		w.Queue = queue
		defer func() { // also when the test fails
			close(w.let)
			if err := queue.Close(); err != nil {
				t.Error(err)
			}
		}()
		first := w.come("", "first")
		w.begin("first")
		test(w)
		w.serve(w.Queue.everyone.waiting + 1)
		if err := <-first; err != nil {
			t.Error(err)
		}
		if all := w.Queue.everyone; len(all.parties)+len(all.sizes)+all.line.Len()+all.most != 0 || all.served != nil {
			t.Errorf("the empty queue remembers %+v", all)
		}
	})
}

// hold is the hasher of a world. A world's one thread is the only one to write w.begun, and the test reads it while
// that waits.
type hold struct{ w *world }

func (h hold) Hash(_ context.Context, p domain.Password) (domain.PasswordHash, error) {
	h.w.begun = append(h.w.begun, p.Reveal())
	<-h.w.let
	return domain.NewPasswordHash("hash of " + p.Reveal()), nil
}

func (h hold) Verify(context.Context, domain.PasswordHash, domain.Password) (ok, outdated bool, err error) {
	panic("nobody asks")
}

// come has a client of an address ask for a hash, and returns when it waits or has its answer.
func (w *world) come(ip, name string) <-chan error { return w.comeFor(w.Context(), ip, name) }

func (w *world) comeFor(ctx context.Context, ip, name string) <-chan error {
	result := make(chan error, 1)
	go func() {
		hash, err := w.Hash(ports.WithSource(ctx, domain.Source{IP: ip}), domain.PasswordToTry(name))
		if err == nil && hash != domain.NewPasswordHash("hash of "+name) {
			err = fmt.Errorf("the hash of somebody else: %s", hash.Reveal())
		}
		result <- err
	}()
	synctest.Wait()
	return result
}

// flood has n requests come from an address: "name1", "name2" and so on.
func (w *world) flood(ip, name string, n int) (results []<-chan error) {
	for i := range n {
		results = append(results, w.come(ip, fmt.Sprint(name, i+1)))
	}
	return results
}

// serve lets n hashes be finished.
func (w *world) serve(n int) {
	for range n {
		w.let <- struct{}{}
		synctest.Wait()
	}
}

// begin ends the test unless just these were begun since the last look.
func (w *world) begin(names ...string) {
	w.Helper()
	if !slices.Equal(w.begun, names) {
		w.Fatalf("began %q, want %q", w.begun, names)
	}
	w.begun = nil
}

// answered ends the test unless the call has this outcome already.
func answered(w *world, result <-chan error) error {
	w.Helper()
	select {
	case err := <-result:
		return err
	default:
		w.Fatal("it still waits")
		return nil
	}
}

// learn has the queue believe that a hash takes so long.
func (w *world) learn(average time.Duration) {
	w.Queue.mu.Lock()
	defer w.Queue.mu.Unlock()
	w.Queue.average = average
}
