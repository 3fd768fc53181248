package bunstore

import (
	"context"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// connectTime bounds an attempt to connect, unless the URL says otherwise.
const connectTime = 5 * time.Second

func (db *DB) openPostgres(ctx context.Context, cfg Config) error {
	conf, err := pgxpool.ParseConfig(cfg.PostgresURL)
	if err != nil {
		return err // its text hides the password
	}
	// Bun writes its arguments into the text, so a statement prepared for it would never be used again.
	conf.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	conf.ConnConfig.RuntimeParams["timezone"] = "UTC"
	conf.ConnConfig.RuntimeParams["standard_conforming_strings"] = "on" // what Bun's quoting relies on
	if conf.ConnConfig.RuntimeParams["application_name"] == "" {
		conf.ConnConfig.RuntimeParams["application_name"] = "coffeeshop"
	}
	if conf.ConnConfig.ConnectTimeout == 0 {
		conf.ConnConfig.ConnectTimeout = connectTime
	}
	switch {
	case cfg.MaxConns > 0:
		conf.MaxConns = int32(cfg.MaxConns)
	case !strings.Contains(cfg.PostgresURL, "pool_max_conns"):
		// Three replicas stay well below the server's usual limit of 100.
		conf.MaxConns = int32(min(max(16, 4*runtime.GOMAXPROCS(0)), 30))
	}
	pool, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return err
	}
	db.pool = pool
	// Idle connections stay with the pool (OpenDBFromPool sees to it): pool.Close would wait for them for ever.
	db.write = bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())
	db.read = db.write
	return nil
}

// querier is what the statements that go past Bun run on.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// native runs fn on pgx: on the pool, or on the transaction's connection.
func (s scope) native(fn func(q querier) error) error {
	if s.tx != nil {
		return s.tx.native(func(conn *pgx.Conn) error { return fn(cached{conn}) })
	}
	return fn(cached{s.db.pool})
}

// cached prepares each statement once a connection.
type cached struct{ on querier }

func (c cached) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return c.on.Exec(ctx, sql, prepared(args)...)
}

func (c cached) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return c.on.QueryRow(ctx, sql, prepared(args)...)
}

// prepared also hands ids over as what pgx encodes itself: uuid.UUID would be written as text, and read from it.
func prepared(args []any) []any {
	all := append([]any{pgx.QueryExecModeCacheStatement}, args...)
	for i, arg := range all {
		if id, ok := arg.(uuid.UUID); ok {
			all[i] = pgtype.UUID{Bytes: id, Valid: true}
		}
	}
	return all
}

// boundTx is the transaction as a JobQueue sees it. Its statements are prepared, since otherwise a []byte could
// not be bound to a column of JSON, and it cannot end the transaction.
type boundTx struct{ preparedTx }

func (boundTx) Commit(context.Context) error   { return nil }
func (boundTx) Rollback(context.Context) error { return nil }

// preparedTx is a transaction, or a savepoint, whose statements are prepared once a connection.
type preparedTx struct{ pgx.Tx }

func (t preparedTx) Begin(ctx context.Context) (pgx.Tx, error) {
	inner, err := t.Tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return preparedTx{inner}, nil
}

func (t preparedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.Tx.Exec(ctx, sql, prepared(args)...)
}

func (t preparedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.Tx.Query(ctx, sql, prepared(args)...)
}

func (t preparedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.Tx.QueryRow(ctx, sql, prepared(args)...)
}
