package riverjobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// Migrate brings River's tables up to date. Exactly one of pool and db is given. River takes no lock for it: the
// caller holds the one that guards the store's own migrations.
func Migrate(ctx context.Context, pool *pgxpool.Pool, db *sql.DB) error {
	if pool != nil {
		return migrate(ctx, riverpgxv5.New(pool))
	}
	return migrate(ctx, riversqlite.New(db))
}

// Pending counts the migrations of River's tables that are still to be done, in up to three short reads. Exactly
// one of pool and db is given.
func Pending(ctx context.Context, pool *pgxpool.Pool, db *sql.DB) (int, error) {
	if pool != nil {
		return pending(ctx, riverpgxv5.New(pool))
	}
	return pending(ctx, riversqlite.New(db))
}

func migrate[Tx any](ctx context.Context, driver riverdriver.Driver[Tx]) error {
	migrator, err := newMigrator(driver)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the tables of jobs: %w", err)
	}
	return nil
}

func pending[Tx any](ctx context.Context, driver riverdriver.Driver[Tx]) (int, error) {
	migrator, err := newMigrator(driver)
	if err != nil {
		return 0, err
	}
	done, err := migrator.ExistingVersions(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the migrations of jobs: %w", err)
	}
	return len(migrator.AllVersions()) - len(done), nil
}

func newMigrator[Tx any](driver riverdriver.Driver[Tx]) (*rivermigrate.Migrator[Tx], error) {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("set up the migrations of jobs: %w", err)
	}
	return migrator, nil
}
