package riverjobs

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"
)

const (
	rescueEvery = 5 * time.Second
	rescueTime  = 5 * time.Second
)

// rescuer takes up the jobs of processes that died. River's own one does so after a minute at the earliest, and then treats
// the job as one that failed.
type rescuer struct {
	pool   *pgxpool.Pool
	sqlite *sql.DB
	clock  clock
	log    *zap.Logger
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func newRescuer(cfg Config, log *zap.Logger) *rescuer {
	return &rescuer{pool: cfg.Pool, sqlite: cfg.SQLite, clock: clock{cfg.Now}, log: log}
}

func (r *rescuer) start(ctx context.Context) {
	ctx, r.cancel = context.WithCancel(ctx)
	r.ended.Go(func() {
		tick := time.NewTicker(rescueEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if n, err := r.rescue(ctx); err == nil && n > 0 { // an error comes again, or is one of the database's outages
					r.log.Warn("took up jobs of a process that died", zap.Int64("jobs", n))
				}
			}
		}
	})
}

func (r *rescuer) stop() {
	if r.cancel != nil {
		r.cancel()
	}
	r.ended.Wait()
}

// A job that has run for longer than its time belongs to no living process. Both engines compare with the clock that
// wrote attempted_at: their own, unless the worker has another.
const (
	rescueInPostgres = `UPDATE river_job SET state = 'available'
		WHERE state = 'running' AND attempted_at < coalesce($1::timestamptz, now()) - interval '28 seconds'`
	rescueInSQLite = `UPDATE river_job SET state = 'available'
		WHERE state = 'running' AND attempted_at < datetime(coalesce(?, 'now'), 'subsec', '-28 seconds')`
)

func (r *rescuer) rescue(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, rescueTime)
	defer cancel()
	now := r.clock.NowOrNil()
	if r.pool != nil {
		tag, err := r.pool.Exec(ctx, rescueInPostgres, now)
		return tag.RowsAffected(), err
	}
	var text any
	if now != nil {
		text = now.UTC().Format("2006-01-02 15:04:05.000")
	}
	res, err := r.sqlite.ExecContext(ctx, rescueInSQLite, text)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// clock is a clock as River asks for one.
type clock struct{ now func() time.Time }

// Now implements rivertype.TimeGenerator.
func (c clock) Now() time.Time {
	if c.now == nil {
		return time.Now()
	}
	return c.now()
}

// NowOrNil implements rivertype.TimeGenerator: nil stands for the database's clock.
func (c clock) NowOrNil() *time.Time {
	if c.now == nil {
		return nil
	}
	now := c.now()
	return &now
}

func (c clock) forRiver() rivertype.TimeGenerator {
	if c.now == nil {
		return nil
	}
	return c
}
