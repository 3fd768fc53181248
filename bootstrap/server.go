package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/httpapi"
	"coffeeshop/bootstrap/config"
)

// server answers requests from its start to its stop.
type server struct {
	api  *httpapi.API
	cfg  config.Config
	proc process
	log  *zap.Logger

	ln     net.Listener
	failed chan error // gets the error that ended the server; closed at its end
}

func newServer(lc fx.Lifecycle, ln net.Listener, api *httpapi.API, cfg config.Config, proc process, log *zap.Logger) *server {
	s := &server{ln: ln, api: api, cfg: cfg, proc: proc, log: log, failed: make(chan error, 1)}
	lc.Append(fx.StartStopHook(s.start, s.stop))
	return s
}

func (s *server) start() {
	go func() {
		defer close(s.failed)
		if err := s.api.Serve(s.ln); err != nil {
			s.failed <- err
		}
	}()
	for _, warning := range s.proc.warnings {
		s.log.Warn(warning)
	}
	if s.cfg.Production() && s.cfg.RateLimits == "off" {
		s.log.Warn("RATE_LIMITS=off: nothing keeps strangers from trying passwords and asking for mails")
	}
	s.announce()
}

// requestTime is how long requests are waited for: they have 10 s each.
const requestTime = 12 * time.Second

// stop takes requests until load balancers have noticed, and finishes those at work.
func (s *server) stop(ctx context.Context) error {
	s.log.Info("stopping")
	s.api.Drain()
	time.Sleep(time.Duration(s.cfg.ShutdownDelay) * time.Second)
	ctx, cancel := finishing(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, requestTime)
	defer cancel()
	err := s.api.Shutdown(ctx)
	_ = s.ln.Close() // in case that Serve had not got it yet
	return err
}

// url is where the server is, in a form that opens on this machine.
func (s *server) url() string {
	addr := s.ln.Addr().(*net.TCPAddr)
	host, port, _ := net.SplitHostPort(addr.String())
	if addr.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// announce tells where everything is: people in a few lines on the standard output, machines in the log.
func (s *server) announce() {
	places := []struct{ key, name, place string }{
		{"api", "API", s.url()},
		{"docs", "Docs", s.url() + "/docs"},
	}
	if s.cfg.ShowsMailbox() {
		places = append(places, struct{ key, name, place string }{"mailbox", "Mailbox", s.url() + "/dev/mailbox"})
	} else if s.cfg.UsesMailbox() {
		places = append(places, struct{ key, name, place string }{"mailbox", "Mailbox", s.cfg.MailboxDir})
	}
	places = append(places, struct{ key, name, place string }{"database", "Database", s.cfg.Database()})
	if s.cfg.Production() {
		fields := []zap.Field{zap.String("version", build())}
		for _, p := range places {
			fields = append(fields, zap.String(p.key, p.place))
		}
		s.log.Info("serving", fields...)
		return
	}
	text := fmt.Sprintf("Coffee Shop API %s, %s\n", build(), s.cfg.AppEnv)
	for _, p := range places {
		text += fmt.Sprintf("  %-9s %s\n", p.name, p.place)
	}
	_, _ = io.WriteString(s.proc.out, text)
}

// ended waits until ctx ends, or the server by itself.
func (s *server) ended(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		if err == nil {
			err = errors.New("the server ended")
		}
		return err
	}
}
