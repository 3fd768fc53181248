package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"modernc.org/sqlite"
)

// sqliteConn is the part of the driver's connection that we use.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

type sqliteStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// maxKept is how many statements a connection keeps. The texts of the store and of the jobs are fewer.
const maxKept = 200

// keepingConn prepares each statement once, and keeps it by its text. A statement without arguments is not kept: Bun has
// written them into its text.
type keepingConn struct {
	sqliteConn
	kept map[string]sqliteStatement
}

// keepingConnector makes keepingConns.
type keepingConnector struct{ driver.Connector }

func (c keepingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keepingConn{conn.(sqliteConn), map[string]sqliteStatement{}}, nil
}

// openKeeping opens a file by a DSN, with connections that keep their statements.
func openKeeping(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keepingConnector{connector}), nil
}

func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	stmt, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	defer c.keep(text, stmt)
	return stmt.ExecContext(ctx, args)
}

func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	stmt, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		c.keep(text, stmt)
		return nil, err
	}
	return &keptRows{rows, func() { c.keep(text, stmt) }}, nil
}

// take hands a statement out, so that nobody else runs it until it is kept again.
func (c *keepingConn) take(ctx context.Context, text string) (sqliteStatement, error) {
	if stmt, ok := c.kept[text]; ok {
		delete(c.kept, text)
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.(sqliteStatement), nil
}

func (c *keepingConn) keep(text string, stmt sqliteStatement) {
	if _, ok := c.kept[text]; ok || len(c.kept) >= maxKept {
		_ = stmt.Close()
		return
	}
	c.kept[text] = stmt
}

func (c *keepingConn) Close() error {
	for _, stmt := range c.kept {
		_ = stmt.Close()
	}
	return c.sqliteConn.Close()
}

// keptRows gives its statement back when it is closed.
type keptRows struct {
	driver.Rows
	giveBack func()
}

func (r *keptRows) Close() error {
	err := r.Rows.Close()
	if r.giveBack != nil {
		r.giveBack()
		r.giveBack = nil
	}
	return err
}
