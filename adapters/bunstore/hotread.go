package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// timeFormat is how SQLite keeps a time.
const timeFormat = "2006-01-02 15:04:05.999999999-07:00"

// hotReaders holds the free ones of SQLite's connections for Authenticate, which every request with an access token
// runs. They go past database/sql: the driver there spends more on a row of 21 columns than SQLite on finding it.
type hotReaders chan *hotReader

type hotReader struct {
	conn *sqlite.Conn
	stmt *sqlite.Stmt // nil before the first use: then there may be no tables yet
}

func openHotReaders(path string, n int) (hotReaders, error) {
	readers := make(hotReaders, n)
	for range n {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err == nil {
			readers <- &hotReader{conn: conn}
			conn.SetBusyTimeout(busyTime)
			// What the kernel has of the file is read where it is: a million users fit into no cache (ADR 4).
			err = sqlitex.ExecuteTransient(conn, "PRAGMA mmap_size = 1073741824", nil)
		}
		if err != nil {
			close(readers)
			for r := range readers {
				err = errors.Join(err, r.conn.Close())
			}
			return nil, err
		}
	}
	return readers, nil
}

// close waits for the statements that are at work.
func (h hotReaders) close() error {
	var errs []error
	for range cap(h) {
		r, open := <-h
		if !open {
			return nil // already
		}
		errs = append(errs, r.conn.Close())
	}
	close(h)
	return errors.Join(errs...)
}

// authenticate reads the row into what fields point at; sql.ErrNoRows when there is none. It waits for a connection
// as long as ctx allows; the statement, of a few steps, is not interrupted.
func (h hotReaders) authenticate(ctx context.Context, args, fields []any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var r *hotReader
	select {
	case r = <-h:
	case <-ctx.Done():
		return ctx.Err()
	}
	if r == nil {
		return sql.ErrConnDone
	}
	defer func() { h <- r }()
	return r.authenticate(args, fields)
}

func (r *hotReader) authenticate(args, fields []any) (err error) {
	if r.stmt == nil {
		if r.stmt, err = r.conn.Prepare(authenticateSQLite); err != nil {
			return err
		}
	}
	defer func() { _ = r.stmt.Reset() }() // it repeats what Step has reported
	for i, arg := range args {
		if err := bind(r.stmt, i+1, arg); err != nil {
			return err
		}
	}
	found, err := r.stmt.Step()
	if err != nil {
		return err
	}
	if !found {
		return sql.ErrNoRows
	}
	for i, field := range fields {
		if err := scan(r.stmt, i, field); err != nil {
			return fmt.Errorf("column %s: %w", r.stmt.ColumnName(i), err)
		}
	}
	return nil
}

func bind(stmt *sqlite.Stmt, i int, arg any) error {
	switch arg := arg.(type) {
	case uuid.UUID:
		stmt.BindText(i, arg.String())
	case int64:
		stmt.BindInt64(i, arg)
	case time.Time:
		stmt.BindText(i, arg.Format(timeFormat))
	default:
		return fmt.Errorf("cannot bind %T", arg)
	}
	return nil
}

func scan(stmt *sqlite.Stmt, i int, field any) (err error) {
	switch field := field.(type) {
	case *string:
		*field = stmt.ColumnText(i)
	case *int64:
		*field = stmt.ColumnInt64(i)
	case *bool:
		*field = stmt.ColumnBool(i)
	case *time.Time:
		*field, err = time.Parse(timeFormat, stmt.ColumnText(i))
	case **time.Time:
		*field = nil
		if !stmt.ColumnIsNull(i) {
			*field = new(time.Time)
			err = scan(stmt, i, *field)
		}
	case sql.Scanner:
		if stmt.ColumnIsNull(i) {
			return field.Scan(nil)
		}
		err = field.Scan(stmt.ColumnText(i))
	default:
		err = fmt.Errorf("cannot scan into %T", field)
	}
	return err
}
