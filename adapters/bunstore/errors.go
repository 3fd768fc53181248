package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"coffeeshop/domain"
)

// mapError maps a driver's error to one of the ports: domain.ErrNotFound for absence, domain.ErrUnavailable for a failure
// that may pass. A domain error is returned unchanged.
func mapError(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case known(err):
		return err
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, pgx.ErrNoRows):
		return domain.ErrNotFound
	case lost(err), unavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, domain.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// known reports whether the error is one of package domain.
func known(err error) bool {
	var e *domain.Error
	return errors.As(err, &e)
}

// lost reports whether the database ended a transaction in favour of another one, so that it may be tried again.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	if errors.Is(err, errGroupEnded) {
		return true
	}
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// errClosed is the error of a closed database/sql, which exports no name for it.
var errClosed = func() error {
	db := sql.OpenDB(nil)
	_ = db.Close()
	return db.PingContext(context.Background())
}()

func unavailable(err error) bool {
	for _, target := range []error{
		context.DeadlineExceeded, os.ErrDeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF,
		net.ErrClosed, puddle.ErrClosedPool, errClosed,
		sql.ErrTxDone, // a transaction that is rolled back because its context has ended
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "58": // connection, resources, system
			return true
		}
		switch pg.Code {
		case "57P01", "57P02", "57P03", "57P05", "57014", "55P03", "25006": // shutdown, time-outs, a server that only reads
			return true
		case "42P01", "42703": // no such table or column: the schema waits for a migration
			return true
		}
		return false
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_ERROR:
		if text := err.Error(); strings.Contains(text, "no such table") || strings.Contains(text, "no such column") {
			return true
		}
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return pgconn.SafeToRetry(err) // the connection was closed before anything was sent
}

// violatesConstraint reports whether SQLite refused a statement for its rows, and left the transaction alone.
func violatesConstraint(err error) bool { return sqliteCode(err)&0xff == sqlite3.SQLITE_CONSTRAINT }

// violatesReference reports whether err says that a referenced row is absent.
func violatesReference(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23503" || sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// violatesEmail reports whether err says that another verified user has the address.
func violatesEmail(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505" && pg.ConstraintName == "users_verified_email"
	}
	// SQLite names columns, not the index; users has no other unique one beside the key.
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// sqliteCode is SQLite's extended result code; the unspecific SQLITE_ERROR for any other error.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return sqlite3.SQLITE_ERROR
}
