package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
)

// schema is the tables of the store and those of the jobs beside them, as one thing.
type schema struct {
	db  *bunstore.DB
	cfg config.Config
}

func newSchema(db *bunstore.DB, cfg config.Config) *schema { return &schema{db, cfg} }

// up brings the schema up to date. When nothing is pending, which is quickly found out, it takes no lock.
func (s *schema) up(ctx context.Context) error {
	if s.ready(ctx) == nil {
		return nil
	}
	return s.db.Migrate(ctx, func(ctx context.Context) error {
		return riverjobs.Migrate(ctx, s.db.Pool(), s.db.SQLite())
	})
}

func (s *schema) down(ctx context.Context) error { return s.db.MigrateDown(ctx) }

// ready reports whether the database answers and no migration is pending: nil, or what is wrong.
func (s *schema) ready(ctx context.Context) error {
	state, err := s.status(ctx)
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

func (s *schema) status(ctx context.Context) (cli.Migrations, error) {
	state := cli.Migrations{Database: s.cfg.Database()}
	steps, err := s.db.MigrationStatus(ctx)
	if err != nil {
		return state, err
	}
	for _, step := range steps {
		state.Steps = append(state.Steps, cli.Migration{Name: step.Name, Pending: step.AppliedAt.IsZero(), AppliedAt: step.AppliedAt})
	}
	pending, err := riverjobs.Pending(ctx, s.db.Pool(), s.db.SQLite())
	if err != nil {
		return state, err
	}
	state.Steps = append(state.Steps, cli.Migration{Name: "tables of the jobs", Pending: pending > 0})
	return state, nil
}

// migrateAtStart migrates when a server starts, unless that is somebody else's task.
func migrateAtStart(lc fx.Lifecycle, s *schema) {
	if s.cfg.AutoMigrate {
		lc.Append(fx.StartHook(s.up))
	}
}

// migrateFirst has a command that needs the schema migrate first, under the same rule as a server.
func migrateFirst(lc fx.Lifecycle, s *schema) {
	if s.cfg.AutoMigrate {
		lc.Append(fx.StartHook(s.up))
	} else {
		lc.Append(fx.StartHook(s.ready))
	}
}
