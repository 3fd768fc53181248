package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// ErrNoBackup says that PostgreSQL is backed up by its own tools.
var ErrNoBackup = errors.New("PostgreSQL is backed up by pg_dump")

// Backup writes a copy of SQLite's database, as it is at one moment, to a new file. The service may go on meanwhile. On
// PostgreSQL it is ErrNoBackup.
func (db *DB) Backup(ctx context.Context, file string) (err error) {
	if db.isPostgres() {
		return ErrNoBackup
	}
	from, err := sql.Open("sqlite", dsn(db.path, "_pragma=query_only(1)"))
	if err != nil {
		return mapError("back the database up", err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	conn, err := from.Conn(ctx)
	if err != nil {
		return mapError("back the database up", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(driver any) error {
		copying, err := driver.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		}).NewBackup(file)
		if err != nil {
			return err
		}
		_, err = copying.Step(-1) // all at once: between two steps another process's write would begin it anew
		return errors.Join(err, copying.Finish())
	})
	if err != nil {
		return fmt.Errorf("back the database up: %w", err)
	}
	return nil
}
