package httpapi_test

import (
	"context"
	"net"
	"testing"
	"time"

	"go.uber.org/zap"

	"coffeeshop/adapters/httpapi"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestShutdown_EndsServeWhicheverComesFirst(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		api := httpapi.New(nil, httpapi.Config{}, zap.NewNop())
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		served := make(chan error, 1)
		if i%2 == 0 {
			go func() { served <- api.Serve(ln) }()
		}
		must(t, api.Shutdown(t.Context()))
		if i%2 == 1 {
			served <- api.Serve(ln)
		}
		must(t, <-served)
	}
}

func TestShutdown_DoesNotWaitForConnectionsThatWereNeverUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn, err := net.Dial("tcp", w.addr)
	must(t, err)
	defer conn.Close()
	w.send("GET", "/healthz", "").want(t, 200, "") // so that the other connection has been accepted too
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	must(t, w.api.Shutdown(ctx))
}

// gatedHasher tells when a password arrives, and hashes it when it is let go.
type gatedHasher struct {
	ports.Hasher
	arrived, release chan struct{}
}

func (h gatedHasher) Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error) {
	close(h.arrived)
	select {
	case <-h.release:
		return h.Hasher.Hash(ctx, p)
	case <-ctx.Done():
		return domain.PasswordHash{}, ctx.Err()
	}
}

func TestShutdown_WaitsForRequestsAtWork(t *testing.T) {
	t.Parallel()
	gate := gatedHasher{arrived: make(chan struct{}), release: make(chan struct{})}
	w := newWorld(t, func(o *options) {
		o.hasher = func(h ports.Hasher) ports.Hasher { gate.Hasher = h; return gate }
	})
	answered := make(chan answer, 1)
	go func() { answered <- w.post("/auth/signup", object("email", "ada@example.com", "password", password)) }()
	<-gate.arrived
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- w.api.Shutdown(ctx) }()
	close(gate.release)
	(<-answered).want(t, 201, "")
	must(t, <-stopped)
}

func TestShutdown_AbortsWhatOutlastsIt(t *testing.T) {
	t.Parallel()
	gate := gatedHasher{arrived: make(chan struct{}), release: make(chan struct{})}
	w := newWorld(t, func(o *options) {
		o.hasher = func(h ports.Hasher) ports.Hasher { gate.Hasher = h; return gate }
	})
	answered := make(chan answer, 1)
	go func() { answered <- w.post("/auth/signup", object("email", "ada@example.com", "password", password)) }()
	<-gate.arrived
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.api.Shutdown(ctx); err == nil {
		t.Error("shut down in time although a request is at work")
	}
	(<-answered).want(t, 503, "unavailable")
}
