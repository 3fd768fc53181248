package bunstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
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
	writer, err := openKeeping(dsn(path, busy, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=cache_size(-32000)", "_pragma=wal_autocheckpoint(4000)", "_pragma=journal_size_limit(67108864)"))
	if err != nil {
		return err
	}
	writer.SetMaxOpenConns(1)
	// Two processes that open a new file at once can both find it busy while one of them turns the log on.
	if err := retry(ctx, func() error { return writer.PingContext(ctx) }); err != nil {
		return errors.Join(err, writer.Close())
	}
	reader, err := openKeeping(dsn(path, busy, "_pragma=query_only(1)", "_pragma=mmap_size(1073741824)"))
	if err != nil {
		return errors.Join(err, writer.Close())
	}
	readers := cfg.MaxConns
	if readers <= 0 {
		readers = max(4, runtime.GOMAXPROCS(0))
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)

	db.path = path
	db.write = bun.NewDB(writer, sqlitedialect.New())
	db.read = bun.NewDB(reader, sqlitedialect.New())
	return nil
}

// dsn names the file and how to open it. The format of times is the one that Bun writes: without it, times that
// are bound and times that Bun writes into the text would compare wrongly.
func dsn(path string, options ...string) string {
	text := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?_time_format=sqlite&_timezone=UTC"
	for _, option := range options {
		text += "&" + option
	}
	return text
}
