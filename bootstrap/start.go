package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"go.uber.org/fx"

	"coffeeshop/bootstrap/config"
)

// Option changes the surroundings of a server that Start starts.
type Option func(*process)

// WithClock makes the server read this clock.
func WithClock(now func() time.Time) Option { return func(proc *process) { proc.now = now } }

// WithOutput makes the server print its addresses on out and its log on log. Without it the server is silent.
func WithOutput(out, log io.Writer) Option {
	return func(proc *process) { proc.out, proc.err = out, log }
}

// Running is a server in this process.
type Running struct {
	URL    string // without a slash at the end
	Config config.Config

	app    *fx.App
	server *server
}

// Start starts the server that the environment asks for, as the command does, and returns once it answers. It
// looks at no other variables, and at no .env file.
func Start(ctx context.Context, environ map[string]string, options ...Option) (*Running, error) {
	cfg, err := config.Load(environ)
	if err != nil {
		return nil, err
	}
	proc := process{out: io.Discard, err: io.Discard, now: time.Now}
	for _, option := range options {
		option(&proc)
	}
	return startServer(ctx, cfg, proc)
}

// startServer listens before it makes anything: a port in use must not cost a migration, or leave a secret behind. Those
// who connect meanwhile wait.
func startServer(ctx context.Context, cfg config.Config, proc process) (*Running, error) {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.HTTPAddr)
	if err != nil {
		return nil, fmt.Errorf("HTTP_ADDR: %w", err)
	}
	r := &Running{Config: cfg}
	r.app = newGraph(cfg, proc, serving, fx.Supply(fx.Annotate(ln, fx.As(new(net.Listener)))), fx.Populate(&r.server))
	if err := start(ctx, r.app); err != nil {
		_ = ln.Close()
		return nil, err
	}
	r.URL = r.server.url()
	return r, nil
}

// Stop stops the server as a signal does: requests and jobs are finished, within bounds.
func (r *Running) Stop() error { return stop(r.Config, r.app) }

// serve runs a server until ctx ends, which is no error.
func serve(ctx context.Context, cfg config.Config, proc process) error {
	r, err := startServer(ctx, cfg, proc)
	if err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return nil //nolint:nilerr // being told to stop is no failure
		}
		return err
	}
	return errors.Join(r.server.ended(ctx), r.Stop())
}
