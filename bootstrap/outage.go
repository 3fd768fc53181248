package bootstrap

import (
	"context"
	"sync"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
)

const (
	pingEvery = time.Second
	pingTime  = 2 * time.Second
)

// outages tells the log when the database stops answering, and when it answers again.
type outages struct {
	db  *database
	log *zap.Logger
	now func() time.Time

	mu    sync.Mutex
	since time.Time // of the outage; zero: the database answers
}

func newOutages(lc fx.Lifecycle, db *database, proc process, log *zap.Logger) *outages {
	o := &outages{db: db, log: log.Named("database"), now: proc.now}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	lc.Append(fx.StartStopHook(func() { watching.Go(func() { o.watch(ctx) }) }, func() { cancel(); watching.Wait() }))
	return o
}

func (o *outages) watch(ctx context.Context) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			o.answers(ctx)
		}
	}
}

// up is 1 while the database answers, and 0 otherwise.
func (o *outages) up() float64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return 1
	}
	return 0
}

// answers asks the database, tells the log if that has changed, and reports whether it answers.
func (o *outages) answers(ctx context.Context) bool {
	asked, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	err := o.db.Ping(asked)
	if ctx.Err() != nil {
		return false // the process stops
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && o.since.IsZero():
		o.since = o.now()
		o.log.Error("the database does not answer", zap.Error(err))
	case err == nil && !o.since.IsZero():
		o.log.Warn("the database answers again", zap.Duration("after", o.now().Sub(o.since)))
		o.since = time.Time{}
	}
	return err == nil
}
