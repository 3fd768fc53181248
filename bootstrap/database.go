package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/metrics"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/application"
	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
)

// database is the store, and the queue of jobs beside it. They are one choice: a job is enqueued in the transaction of
// the store. No other file of the wiring names an engine.
type database struct {
	*bunstore.DB
	cfg config.Config
}

// worker runs the jobs of the queue, and jobTable shows them to operators.
type (
	worker   = riverjobs.Worker
	jobTable = riverjobs.Table
)

func jobStates() (names []string) {
	for _, state := range riverjobs.States {
		names = append(names, string(state))
	}
	return names
}

// newDatabase opens the database, and closes it when everything else has stopped.
func newDatabase(lc fx.Lifecycle, cfg config.Config, m *metrics.Metrics, log *zap.Logger) (*database, error) {
	queue, err := riverjobs.NewQueue()
	if err != nil {
		return nil, err
	}
	db, err := bunstore.Open(context.Background(), bunstore.Config{
		PostgresURL: cfg.PostgresURL().Reveal(), SQLitePath: cfg.SQLitePath(), Pooled: cfg.Pooled(), Log: log.Named("database"),
		GroupDone: m.SQLiteGroup, Waited: m.SQLiteWait,
	}, queue)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(db.Close))
	return &database{db, cfg}, nil
}

func (db *database) newWorker(app *application.App, out *outages, m *metrics.Metrics, log *zap.Logger) (*worker, error) {
	return riverjobs.NewWorker(riverjobs.Config{
		Pool: db.Pool(), Pooled: db.cfg.Pooled(), SQLite: db.SQLite(), Log: log, Ran: m.JobRan, Purged: m.Purged, Answers: out.answers,
	}, app)
}

func newJobTable(db *database) (*jobTable, error) { return riverjobs.NewTable(db.Pool(), db.SQLite()) }

func listJobs(ctx context.Context, of *jobTable, state string, each func(cli.Job) error) error {
	return of.List(ctx, riverjobs.State(state), func(j riverjobs.Job) error {
		return each(cli.Job{ID: j.ID, Kind: j.Kind, State: string(j.State), CreatedAt: j.CreatedAt, NextAt: j.NextAt, Attempts: j.Attempts, Error: j.Error})
	})
}

// up brings the schema up to date. When nothing is pending it takes no lock, and completes what servers of an earlier
// version wrote since.
func (db *database) up(ctx context.Context) error {
	if db.ready(ctx) == nil {
		return db.FillSearchKeys(ctx)
	}
	return db.Migrate(ctx, func(ctx context.Context) error {
		return riverjobs.Migrate(ctx, db.Pool(), db.SQLite())
	})
}

// ready returns an error unless the database answers and no migration is pending.
func (db *database) ready(ctx context.Context) error {
	state, err := db.status(ctx)
	if err != nil {
		return err
	}
	for _, step := range state.Steps {
		if step.Pending {
			return fmt.Errorf(`%w: the migration %s is pending: run "migrate up"`, domain.ErrUnavailable, step.Name)
		}
	}
	return nil
}

func (db *database) status(ctx context.Context) (cli.Migrations, error) {
	state := cli.Migrations{Database: db.cfg.Database()}
	steps, err := db.MigrationStatus(ctx)
	if err != nil {
		return state, err
	}
	for _, step := range steps {
		state.Steps = append(state.Steps, cli.Migration{
			Version: step.Version, Name: step.Name, Pending: step.AppliedAt.IsZero(), AppliedAt: step.AppliedAt, Removes: step.Removes,
		})
	}
	pending, err := riverjobs.Pending(ctx, db.Pool(), db.SQLite())
	if err != nil {
		return state, err
	}
	state.Steps = append(state.Steps, cli.Migration{Name: "tables of the jobs", Pending: pending > 0})
	return state, nil
}

// migrateAtStart makes a server migrate at its start, unless AUTO_MIGRATE is off.
func migrateAtStart(lc fx.Lifecycle, db *database) {
	if db.cfg.AutoMigrate {
		lc.Append(fx.StartHook(db.up))
	}
}

// migrateFirst makes a command migrate first, or fail if AUTO_MIGRATE is off and the schema is not there.
func migrateFirst(lc fx.Lifecycle, db *database) {
	if db.cfg.AutoMigrate {
		lc.Append(fx.StartHook(db.up))
	} else {
		lc.Append(fx.StartHook(db.ready))
	}
}
