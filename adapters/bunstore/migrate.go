package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"coffeeshop/domain"
	"coffeeshop/migrations"
)

// Migration is a step of the schema.
type Migration struct {
	Version   int64
	Name      string    // the file
	AppliedAt time.Time // zero: pending
	Removes   []string  // the tables and columns that MigrateDown deletes, in words
}

// Migrate brings the schema up to date, and then runs also, which may be nil, for other schemas in the database. It holds
// a lock, so that replicas may start at the same time: the others wait, and find nothing pending.
func (db *DB) Migrate(ctx context.Context, also func(ctx context.Context) error) error {
	return mapError("migrate the database", db.locked(ctx, func() error {
		provider, err := db.provider()
		if err != nil {
			return err
		}
		if _, err := provider.Up(ctx); err != nil {
			return err
		}
		if err := db.fillSearchKeys(ctx); err != nil || also == nil {
			return err
		}
		return also(ctx)
	}))
}

// MigrateDown takes a step back, and deletes its data. Unless it is the newest one that was applied, nothing happens and
// an error says so.
func (db *DB) MigrateDown(ctx context.Context, version int64) error {
	return mapError("migrate the database down", db.locked(ctx, func() error {
		provider, err := db.provider()
		if err != nil {
			return err
		}
		newest, err := provider.GetDBVersion(ctx)
		if err != nil {
			return err
		}
		if newest != version {
			return fmt.Errorf("version %d is the newest, not %d", newest, version)
		}
		_, err = provider.Down(ctx)
		return err
	}))
}

func (db *DB) provider() (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	if db.isPostgres() {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, db.write.DB, db.migrations(), goose.WithDisableGlobalRegistry(true))
}

func (db *DB) migrations() fs.FS {
	if db.isPostgres() {
		return migrations.Postgres
	}
	return migrations.SQLite
}

var removal = regexp.MustCompile(`(?:DROP TABLE|ALTER TABLE (\w+) DROP COLUMN) (\w+)`)

// removes reads what a step's way back deletes.
func removes(files fs.FS, name string) ([]string, error) {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	_, down, _ := strings.Cut(string(text), "-- +goose Down")
	var all []string
	for _, found := range removal.FindAllStringSubmatch(down, -1) {
		if table, thing := found[1], found[2]; table == "" {
			all = append(all, "the table "+thing)
		} else {
			all = append(all, "the column "+thing+" of the table "+table)
		}
	}
	return all, nil
}

// MigrationStatus lists the steps, oldest first. It changes nothing, not even in an empty database.
func (db *DB) MigrationStatus(ctx context.Context) ([]Migration, error) {
	steps, err := db.steps(ctx)
	for i := range steps {
		if err == nil {
			steps[i].Removes, err = removes(db.migrations(), steps[i].Name)
		}
	}
	return steps, mapError("read the state of the migrations", err)
}

func (db *DB) steps(ctx context.Context) ([]Migration, error) {
	provider, err := db.provider()
	if err != nil {
		return nil, err
	}
	applied, err := db.applied(ctx)
	if err != nil {
		return nil, err
	}
	var steps []Migration
	for _, source := range provider.ListSources() {
		steps = append(steps, Migration{Version: source.Version, Name: path.Base(source.Path), AppliedAt: applied[source.Version]})
	}
	return steps, nil
}

// applied reads goose's table. (goose itself would create an absent one.)
func (db *DB) applied(ctx context.Context) (map[int64]time.Time, error) {
	there := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if db.isPostgres() {
		there = "SELECT count(to_regclass('goose_db_version'))"
	}
	var tables int
	if err := db.read.NewRaw(there).Scan(ctx, &tables); err != nil || tables == 0 {
		return nil, err
	}
	var rows []struct {
		VersionID int64
		Tstamp    time.Time
	}
	if err := db.read.NewRaw("SELECT version_id, tstamp FROM goose_db_version WHERE is_applied ORDER BY id").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	applied := map[int64]time.Time{}
	for _, row := range rows {
		applied[row.VersionID] = utc(row.Tstamp)
	}
	return applied, nil
}

// Ready returns an error unless the database answers and no migration is pending.
func (db *DB) Ready(ctx context.Context) error {
	steps, err := db.steps(ctx)
	if err != nil {
		return mapError("check the database", err)
	}
	for _, step := range steps {
		if step.AppliedAt.IsZero() {
			return fmt.Errorf("check the database: %w: migration %s is pending", domain.ErrUnavailable, step.Name)
		}
	}
	return nil
}

const (
	lockWait = 5 * time.Minute // for another process's migrations
	lockPoll = 500 * time.Millisecond
)

// locked runs fn while no other process migrates.
func (db *DB) locked(ctx context.Context, fn func() error) error {
	if db.isPostgres() {
		return db.lockedPostgres(ctx, fn)
	}
	return db.lockedSQLite(ctx, fn)
}

// lockedPostgres holds goose's lock in a transaction that stays open, on a connection outside the pool: a pooler in
// transaction mode would give a lock of the session to others.
func (db *DB) lockedPostgres(ctx context.Context, fn func() error) error {
	own, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = own.Close(context.WithoutCancel(ctx)) }() // and with it the lock, if the roll-back failed
	tx, err := waitForLock(ctx, own)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return fn()
}

// waitForLock returns the open transaction that has the lock.
func waitForLock(ctx context.Context, conn *pgx.Conn) (pgx.Tx, error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for {
		if tx, locked, err := tryLock(ctx, conn); err != nil || locked {
			return tx, err
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryLock returns an open transaction if it has the lock.
func tryLock(ctx context.Context, conn *pgx.Conn) (tx pgx.Tx, locked bool, err error) {
	if tx, err = conn.Begin(ctx); err != nil {
		return nil, false, err
	}
	if _, err = tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err == nil {
		// In the simple protocol: in the other one the statement's snapshot would live on, and CREATE INDEX CONCURRENTLY wait
		// for it.
		err = tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", pgx.QueryExecModeSimpleProtocol, lock.DefaultLockID).Scan(&locked)
	}
	if err != nil || !locked {
		return nil, false, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx, true, nil
}

// lockedSQLite holds the write lock of a second, empty file beside the database: migrations need the lock of the
// database itself. The lock goes with the process, the file stays.
func (db *DB) lockedSQLite(ctx context.Context, fn func() error) (err error) {
	own, err := sql.Open("sqlite", dsn(db.path+".lock", "_txlock=immediate", "_pragma=busy_timeout(100)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	var tx *sql.Tx
	for {
		tx, err = own.BeginTx(context.WithoutCancel(ctx), nil)
		if err == nil || !lost(err) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return fn()
}
