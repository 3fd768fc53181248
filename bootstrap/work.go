package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/metrics"
	"coffeeshop/application"
	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
)

// schemaPoll is how often a server that started before its schema was there looks for it.
const schemaPoll = time.Second

// work is the work of a server besides answering: it makes the first admin if one is configured, and runs jobs. Both need
// the schema. With AUTO_MIGRATE=false a replica may start before the schema is there: it is not ready then, and begins to
// work when it is.
type work struct {
	cfg    config.Config
	db     *database
	app    *application.App
	worker *worker // nil: other processes run the jobs
	log    *zap.Logger
	now    func() time.Time
	hashes func(ctx context.Context, prefixes []string) (bool, error) // looks for them

	looking sync.WaitGroup
	started bool // the worker; written before done is closed
	cancel  context.CancelFunc
	done    chan struct{} // closed when await has ended
}

func newWork(lc fx.Lifecycle, cfg config.Config, db *database, out *outages, m *metrics.Metrics, app *application.App, proc process, log *zap.Logger) (*work, error) {
	w := &work{cfg: cfg, db: db, app: app, log: log, now: proc.now, hashes: db.Users().HashBegins, done: make(chan struct{})}
	if cfg.RunJobs {
		var err error
		if w.worker, err = db.newWorker(app, out, m, log); err != nil {
			return nil, err
		}
	}
	lc.Append(fx.StartStopHook(w.start, w.stop))
	return w, nil
}

func (w *work) start(ctx context.Context) error {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.cancel = cancel
	if err := w.db.ready(ctx); err != nil {
		w.log.Warn("not ready", zap.Error(err))
		go w.await(background)
		return nil
	}
	defer close(w.done)
	w.compareClocks(ctx)
	w.lookAtHashes(background)
	if err := w.ensureAdmin(ctx); err != nil {
		return err
	}
	return w.startWorker(ctx)
}

// lookAtHashes looks at all accounts in the background.
func (w *work) lookAtHashes(ctx context.Context) {
	w.looking.Go(func() {
		if err := warnOfDearHashes(ctx, w.cfg.BcryptCost, w.hashes, w.log); err != nil && ctx.Err() == nil {
			w.log.Error("the hashes were not looked at", zap.Error(err))
		}
	})
}

// clockTolerance is how far two clocks of one service may differ unnoticed.
const clockTolerance = 5 * time.Second

// compareClocks warns when the database's clock is another: jobs are scheduled by it, and codes and tokens by this one.
func (w *work) compareClocks(ctx context.Context) {
	offset, err := w.db.ClockOffset(ctx, w.now)
	if err == nil && offset.Abs() > clockTolerance {
		w.log.Warn("the clocks of this machine and of the database differ: codes and tokens may live for too short or too long",
			zap.Duration("database_ahead", offset))
	}
}

// await waits for the schema. It logs errors, since it has no caller.
func (w *work) await(ctx context.Context) {
	defer close(w.done)
	tick := time.NewTicker(schemaPoll)
	defer tick.Stop()
	for ready := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !ready {
			if ready = w.db.ready(ctx) == nil; !ready {
				continue
			}
			w.log.Info("ready")
			w.compareClocks(ctx)
			w.lookAtHashes(ctx)
			if err := w.ensureAdmin(ctx); err != nil {
				w.log.Error("the admin was not made", zap.Error(err))
			}
		}
		err := w.startWorker(ctx)
		if err == nil {
			return
		}
		w.log.Error("the worker of jobs did not start", zap.Error(err))
	}
}

func (w *work) ensureAdmin(ctx context.Context) error {
	if w.cfg.AdminEmail == "" {
		return nil
	}
	made, err := w.app.EnsureAdmin(ctx, w.cfg.AdminEmail, w.cfg.AdminPassword.Reveal())
	var refused *domain.Error
	if errors.As(err, &refused) && refused.Kind == domain.KindInvalid {
		return config.Errors{{Name: "ADMIN_PASSWORD", Wrong: refused.Message, Allowed: "another password"}}
	}
	if err != nil {
		return fmt.Errorf("ADMIN_EMAIL: %w", err)
	}
	if made {
		w.log.Info("made the first admin", zap.String("email", w.cfg.AdminEmail))
	}
	return nil
}

func (w *work) startWorker(ctx context.Context) error {
	if w.worker == nil {
		return nil
	}
	err := w.worker.Start(ctx)
	w.started = err == nil
	return err
}

func (w *work) stop(ctx context.Context) error {
	w.cancel()
	<-w.done
	w.looking.Wait()
	if !w.started {
		return nil
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	return w.worker.Stop(ctx)
}

// warnOfDearHashes warns if stored hashes have a cost above the configured one, or are argon2id's, by an import or a lowered setting. found
// reports whether a stored hash begins with one of the prefixes.
func warnOfDearHashes(ctx context.Context, cost int, found func(ctx context.Context, prefixes []string) (bool, error), log *zap.Logger) error {
	some, err := found(ctx, bcrypthash.DearerThan(cost))
	if err != nil {
		return fmt.Errorf("look for hashes of a higher cost: %w", err)
	}
	if some {
		log.Warn("there are password hashes of a cost above BCRYPT_COST, or imported ones of argon2id: a wrong password for such an account takes longer than "+
			"for an unknown address, and so tells that the account exists", zap.Int("BCRYPT_COST", cost))
	}
	return nil
}
