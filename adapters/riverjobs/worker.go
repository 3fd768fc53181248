package riverjobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"

	"coffeeshop/ports"
)

const (
	parallel    = 8                // mails on their way at the same time, a process
	jobTimeout  = 27 * time.Second // a mail has 25
	keepDone    = time.Hour        // completed jobs stay that long in the table
	keepDead    = 7 * 24 * time.Hour
	cancelGrace = 2 * time.Second
)

// Work is the work of the jobs. A method returns nil when there is nothing left to do, also when the row of the id is
// gone. After an error it is called again later, unless that is a ports.ErrRejected.
type Work interface {
	DeliverChallenge(ctx context.Context, id uuid.UUID) error
	DeliverNotice(ctx context.Context, id uuid.UUID) error
	Purge(ctx context.Context) (removed map[string]int, err error)
}

// Config says where the jobs are: exactly one of Pool and SQLite is given.
type Config struct {
	Pool   *pgxpool.Pool // one of its connections listens for new jobs all the time, unless Pooled
	Pooled bool          // a pooler in transaction mode stands in front of PostgreSQL: nothing can listen
	SQLite *sql.DB       // the store's connection for writing, used for an instant at a time and never while a job runs
	Log    *zap.Logger

	Now func() time.Time // nil: the machine's clock, and the database's

	Ran    func(kind, outcome string) // called after each run: done, failed or rejected
	Purged func(rows string, n int)   // called after each purge, for each kind of rows

	// Answers reports whether the database answers. While it does not, River's own failures are not logged.
	Answers func(ctx context.Context) bool
}

// Worker runs jobs. Several, in as many processes, may share a database.
type Worker struct {
	client  client
	rescuer *rescuer
}

type client interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

// NewWorker returns a worker that has not started yet.
func NewWorker(cfg Config, work Work) (*Worker, error) {
	if cfg.Pool != nil {
		return newWorker(riverpgxv5.New(cfg.Pool), cfg, work, time.Second, cfg.Pooled)
	}
	// River's listener for SQLite would read its table every 50 ms.
	return newWorker(riversqlite.New(cfg.SQLite), cfg, work, sqlitePoll, true)
}

const sqlitePoll = 200 * time.Millisecond

func newWorker[Tx any](driver riverdriver.Driver[Tx], cfg Config, work Work, poll time.Duration, pollOnly bool) (*Worker, error) {
	log, clock := cfg.Log.Named("jobs"), clock{cfg.Now}
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[sendChallenge]) error {
		return cfg.verdict(job.Kind, work.DeliverChallenge(ctx, job.Args.ID))
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[sendNotice]) error {
		return cfg.verdict(job.Kind, work.DeliverNotice(ctx, job.Args.ID))
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[purge]) error {
		removed, err := work.Purge(ctx)
		for rows, n := range removed {
			cfg.Purged(rows, n)
		}
		return cfg.verdict(job.Kind, err)
	}))
	client, err := river.NewClient(driver, &river.Config{
		CancelledJobRetentionPeriod: keepDead,
		CompletedJobRetentionPeriod: keepDone,
		DiscardedJobRetentionPeriod: keepDead,
		ErrorHandler:                errorLog{log},
		FetchCooldown:               min(poll, river.FetchCooldownDefault),
		FetchPollInterval:           poll,
		JobTimeout:                  jobTimeout,
		Logger:                      slog.New(newRiverLog(log, cfg.Answers)),
		PeriodicJobs:                periodicJobs(),
		PollOnly:                    pollOnly,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: parallel}},
		RetryPolicy:                 retryPolicy{clock.Now},
		Test:                        river.TestConfig{Time: clock.forRiver()},
		Workers:                     workers,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the worker of jobs: %w", err)
	}
	return &Worker{client, newRescuer(cfg, log)}, nil
}

// verdict tells of a run, and ends a job whose mail was rejected.
func (cfg Config) verdict(kind string, err error) error {
	switch {
	case err == nil:
		cfg.Ran(kind, "done")
	case errors.Is(err, ports.ErrRejected):
		cfg.Ran(kind, "rejected")
		return river.JobCancel(err)
	default:
		cfg.Ran(kind, "failed")
	}
	return err
}

// Start begins to run jobs and returns; ctx bounds the start, not the work. River's tables have to be there.
func (w *Worker) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("start the worker of jobs: %w", err)
	}
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the worker of jobs: %w", err)
	}
	w.rescuer.start(context.WithoutCancel(ctx))
	return nil
}

// Stop takes no more jobs and waits for the running ones. Those that still run when ctx ends are cancelled, and
// another worker takes them up.
func (w *Worker) Stop(ctx context.Context) error {
	w.rescuer.stop()
	err := w.client.Stop(ctx)
	if err == nil {
		return nil
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelGrace)
	defer cancel()
	return fmt.Errorf("stop the worker of jobs: %w", errors.Join(err, w.client.StopAndCancel(grace)))
}

// riverLog is the log of River's own work. River tries again what fails, and tells each time: while the database does not
// answer, and once the process stops, that is nothing new.
type riverLog struct {
	slog.Handler
	answers func(ctx context.Context) bool
}

func newRiverLog(log *zap.Logger, answers func(ctx context.Context) bool) riverLog {
	noStack := zapslog.AddStacktraceAt(slog.LevelError + 1)
	return riverLog{zapslog.NewHandler(log.WithOptions(zap.IncreaseLevel(zap.WarnLevel)).Core(), zapslog.WithName(log.Name()), noStack), answers}
}

// Handle implements slog.Handler.
func (l riverLog) Handle(ctx context.Context, record slog.Record) error {
	failed, canceled := false, false
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" || a.Key == "error" {
			failed, canceled = true, strings.Contains(a.Value.String(), context.Canceled.Error())
		}
		return true
	})
	if canceled || failed && !l.answers(context.WithoutCancel(ctx)) {
		return nil
	}
	return l.Handler.Handle(ctx, record)
}

// WithAttrs and WithGroup implement slog.Handler.
func (l riverLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return riverLog{l.Handler.WithAttrs(attrs), l.answers}
}

func (l riverLog) WithGroup(name string) slog.Handler {
	return riverLog{l.Handler.WithGroup(name), l.answers}
}

// errorLog logs failed tries: the last one of a job as an error.
type errorLog struct{ log *zap.Logger }

func (l errorLog) HandleError(_ context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	l.write(job, errors.As(err, new(*river.JobCancelError)), zap.Error(err))
	return nil
}

func (l errorLog) HandlePanic(_ context.Context, job *rivertype.JobRow, panicked any, trace string) *river.ErrorHandlerResult {
	l.write(job, false, zap.String("panic", fmt.Sprint(panicked)), zap.String("trace", trace))
	return nil
}

func (l errorLog) write(job *rivertype.JobRow, rejected bool, fields ...zap.Field) {
	fields = append(fields, zap.String("kind", job.Kind), zap.Int64("job", job.ID), zap.ByteString("args", job.EncodedArgs),
		zap.Int("attempt", job.Attempt), zap.Int("of", job.MaxAttempts))
	if job.Attempt >= job.MaxAttempts || rejected {
		l.log.Error("job given up", fields...)
		return
	}
	l.log.Warn("job failed, will be tried again", fields...)
}
