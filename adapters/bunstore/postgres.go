package bunstore

import (
	"context"
	"errors"
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

// connectTime bounds the making of a connection, unless the URL has its own bound.
const connectTime = 5 * time.Second

func (db *DB) openPostgres(ctx context.Context, cfg Config) error {
	conf, err := pgxpool.ParseConfig(cfg.PostgresURL)
	if err != nil {
		return err // its text hides the password
	}
	// Bun writes its arguments into the text, so a statement prepared for it would never be used again.
	conf.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	conf.ConnConfig.RuntimeParams["timezone"] = "UTC"
	conf.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"           // also of a database that is SQL_ASCII
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
	db.hot = pgx.QueryExecModeCacheStatement
	if cfg.Pooled {
		db.hot = pgx.QueryExecModeCacheDescribe
	} else if err := refusePooler(ctx, pool); err != nil {
		pool.Close()
		return err
	}
	db.pool = pool
	// Idle connections stay with the pool (OpenDBFromPool sees to it): pool.Close would wait for them for ever.
	db.write = bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())
	db.read = db.write
	return nil
}

// ErrPooler says that what stands in front of PostgreSQL needs Config.Pooled.
var ErrPooler = errors.New("a pooler in transaction mode stands in front of PostgreSQL: set DB_POOLER=transaction")

// refusePooler returns ErrPooler if connections change hands between transactions. Through a pooler of any kind the id of
// the server's process is not the one that the connection was told; in transaction mode two connections that are open at
// the same time find the same process.
func refusePooler(ctx context.Context, pool *pgxpool.Pool) error {
	process := func(conn *pgxpool.Conn) (id uint32, err error) {
		err = conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&id)
		return id, err
	}
	one, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer one.Release()
	first, err := process(one)
	if err != nil || first == one.Conn().PgConn().PID() {
		return err
	}
	other, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer other.Release()
	for range poolerTries {
		first, err := process(one)
		if err != nil {
			return err
		}
		if second, err := process(other); err != nil {
			return err
		} else if first == second {
			return ErrPooler
		}
	}
	return nil
}

// poolerTries is how often two connections are compared: between two statements another client may get the process.
const poolerTries = 20

// ClockOffset is how far the database's clock is ahead of this one; zero on SQLite, which has none of its own.
func (db *DB) ClockOffset(ctx context.Context, now func() time.Time) (time.Duration, error) {
	if !db.isPostgres() {
		return 0, nil
	}
	var there time.Time
	before := now()
	if err := db.pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&there); err != nil {
		return 0, mapError("read the database's clock", err)
	}
	after := now()
	return there.Sub(before.Add(after.Sub(before) / 2)), nil
}

// queryRow runs a statement that is prepared once a connection, on the pool or in the transaction.
func (s scope) queryRow(ctx context.Context, fields []any, text string, args ...any) error {
	if s.tx == nil {
		return s.db.pool.QueryRow(ctx, text, s.db.prepared(args)...).Scan(fields...)
	}
	return s.tx.alone(func() error { return s.tx.pg.QueryRow(ctx, text, args...).Scan(fields...) })
}

// prepared returns the arguments of a statement that is prepared. Ids become pgx's own type, which it writes in binary:
// a uuid.UUID would go as text.
func (db *DB) prepared(args []any) []any {
	all := append([]any{db.hot}, args...)
	for i, arg := range all {
		if id, ok := arg.(uuid.UUID); ok {
			all[i] = pgtype.UUID{Bytes: id, Valid: true}
		}
	}
	return all
}

// preparingTx is a transaction, or a savepoint, whose statements are prepared once a connection. A JobQueue needs that
// too: otherwise a []byte could not be bound to a column of JSON.
type preparingTx struct {
	pgx.Tx
	db *DB
}

func (t preparingTx) Begin(ctx context.Context) (pgx.Tx, error) {
	inner, err := t.Tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return preparingTx{inner, t.db}, nil
}

func (t preparingTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.Tx.Exec(ctx, sql, t.db.prepared(args)...)
}

func (t preparingTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.Tx.Query(ctx, sql, t.db.prepared(args)...)
}

func (t preparingTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.Tx.QueryRow(ctx, sql, t.db.prepared(args)...)
}
