package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver
)

// busy is how long, in milliseconds, a statement waits for another process.
const busy = "_pragma=busy_timeout(5000)"

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

	writer, err := sql.Open("sqlite", dsn(path, busy, "_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=journal_size_limit(67108864)"))
	if err != nil {
		return err
	}
	writer.SetMaxOpenConns(1)
	// Two processes that open a new file at once can both find it busy while one of them turns the log on.
	if err := retry(ctx, func() error { return writer.PingContext(ctx) }); err != nil {
		return errors.Join(err, writer.Close())
	}
	reader, err := sql.Open("sqlite", dsn(path, busy, "_pragma=query_only(1)", "_pragma=cache_size(-8192)")) // 8 MiB each: the upper pages of large indexes
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
	db.hot.on = reader
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

// statements are prepared once, when they are first used: before the migrations they could not be.
type statements struct {
	on       *sql.DB
	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.prepared[text]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.prepared[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.on.PrepareContext(ctx, text) //nolint:sqlclosecheck // close does it
	if err != nil {
		return nil, fmt.Errorf("prepare a statement: %w", err)
	}
	if s.prepared == nil {
		s.prepared = map[string]*sql.Stmt{}
	}
	s.prepared[text] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.prepared {
		errs = append(errs, stmt.Close())
	}
	s.prepared = nil
	return errors.Join(errs...)
}
