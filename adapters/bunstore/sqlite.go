package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
)

// busyTime is how long a statement waits for another process.
const busyTime = 5 * time.Second

func (db *DB) openSQLite(ctx context.Context, cfg Config) error {
	path, err := filepath.Abs(cfg.SQLitePath)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	// SQLite would make the file readable for everybody; its companions (-wal, -shm) take the file's mode.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}

	busy := fmt.Sprintf("_pragma=busy_timeout(%d)", busyTime.Milliseconds())
	// A cache of 32 MB (negative: in KB) and a log of 4,000 pages: among a million sessions a refresh finds most of its
	// pages in memory, and a page is written back less than once a refresh.
	connector, err := sqlite.NewConnector(dsn(path, busy, "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=cache_size(-32000)", "_pragma=wal_autocheckpoint(4000)", "_pragma=journal_size_limit(67108864)"))
	if err != nil {
		return err
	}
	// Two processes that open a new file at once can both find it busy while one of them turns the log on.
	var conn driver.Conn
	if err := retry(ctx, func() (err error) { conn, err = keepingConnector{connector}.Connect(ctx); return err }); err != nil {
		return err
	}
	if db.writer, err = newWriter(ctx, conn.(*keepingConn), cfg); err != nil {
		return errors.Join(err, conn.Close())
	}
	reader, err := openKeeping(dsn(path, busy, "_pragma=query_only(1)", "_pragma=mmap_size(1073741824)"))
	if err != nil {
		return errors.Join(err, db.writer.close())
	}
	readers := cfg.MaxConns
	if readers <= 0 {
		readers = max(4, runtime.GOMAXPROCS(0))
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)

	db.path = path
	db.write = bun.NewDB(sql.OpenDB(memberConnector{db.writer}), sqlitedialect.New())
	db.read = bun.NewDB(reader, sqlitedialect.New())
	return nil
}

// dsn names the file and how to open it. Texts of times in this format, in UTC, have the order of
// the times.
func dsn(path string, options ...string) string {
	text := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?_time_format=sqlite&_timezone=UTC"
	for _, option := range options {
		text += "&" + option
	}
	return text
}
