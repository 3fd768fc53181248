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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	zombiezen "zombiezen.com/go/sqlite"

	"coffeeshop/domain"
)

// fail turns the drivers' errors into those of the ports: absence into domain.ErrNotFound, whatever may be
// better in a moment into domain.ErrUnavailable. What it has seen already it leaves alone.
func fail(doing string, err error) error {
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

// known reports whether the error is one that the ports speak of.
func known(err error) bool {
	var e *domain.Error
	return errors.As(err, &e)
}

// lost reports whether a transaction gave way to others and may be tried again.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization failure, deadlock
	}
	code := sqliteCode(err) & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// errClosed is the error of a database/sql that was closed, which has no name there.
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
		}
		return false
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return pgconn.SafeToRetry(err) // the connection was closed before anything was sent
}

// violatesReference reports whether err says that a reference leads nowhere.
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
	// SQLite names the columns of the index; this one is the only unique one on users beside the key.
	return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// sqliteCode is SQLite's extended result code; SQLITE_ERROR, which tells nothing, for any other error.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return int(zombiezen.ErrCode(err))
}
