package bootstrap

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/metrics"
	"coffeeshop/bootstrap/config"
)

// operators is what a server has for its operators, on a listener of its own: /metrics and, if PPROF is set, profiles.
type operators struct {
	cfg     config.Config
	log     *zap.Logger
	metrics *metrics.Metrics
	ln      net.Listener
	server  *http.Server // nil: nothing is served
}

func newOperators(lc fx.Lifecycle, cfg config.Config, m *metrics.Metrics, log *zap.Logger) *operators {
	o := &operators{cfg: cfg, metrics: m, log: log}
	lc.Append(fx.StartStopHook(o.start, o.stop))
	return o
}

func (o *operators) start(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", o.metrics.Handler())
	if o.cfg.PProf {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	var err error
	if o.ln, err = new(net.ListenConfig).Listen(ctx, "tcp", cmp.Or(o.cfg.AdminAddr, config.StandardAdminAddr)); err != nil {
		if o.cfg.AdminAddr != "" || o.cfg.PProf {
			return fmt.Errorf("ADMIN_ADDR: %w", err)
		}
		// A second process on this machine should start as the first one did.
		o.log.Warn("no metrics: set ADMIN_ADDR to another address", zap.Error(err))
		return nil
	}
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second} // a profile takes as long as its request says
	go func() {
		if err := o.server.Serve(o.ln); !errors.Is(err, http.ErrServerClosed) {
			o.log.Error("serve metrics", zap.Error(err))
		}
	}()
	o.log.Info("serving metrics", zap.Stringer("address", o.ln.Addr()), zap.Bool("profiles", o.cfg.PProf))
	return nil
}

// stop cuts a profile short that is being made.
func (o *operators) stop() error {
	if o.server == nil {
		return nil
	}
	return o.server.Close()
}
