package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/bootstrap/config"
)

// profiler serves net/http/pprof, if PPROF is set, on a listener of its own for operators.
type profiler struct {
	cfg    config.Config
	log    *zap.Logger
	ln     net.Listener // nil: not asked for
	server *http.Server
}

func newProfiler(lc fx.Lifecycle, cfg config.Config, log *zap.Logger) *profiler {
	p := &profiler{cfg: cfg, log: log}
	if cfg.PProf {
		lc.Append(fx.StartStopHook(p.start, p.stop))
	}
	return p
}

func (p *profiler) start(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	var err error
	if p.ln, err = new(net.ListenConfig).Listen(ctx, "tcp", p.cfg.AdminAddr); err != nil {
		return fmt.Errorf("ADMIN_ADDR: %w", err)
	}
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second} // a profile takes as long as its request says
	go func() {
		if err := p.server.Serve(p.ln); !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("serve profiles", zap.Error(err))
		}
	}()
	p.log.Info("serving profiles", zap.Stringer("address", p.ln.Addr()))
	return nil
}

// stop cuts a profile short that is being made.
func (p *profiler) stop() error { return p.server.Close() }
