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

// maxKept is how many statements a connection keeps: the texts of the store and of the jobs are fewer, but for the lengths
// of lists.
const maxKept = 200

// keepingConn prepares each statement once, and keeps it by its text. A text without arguments is not kept: it is a step
// of a migration, which runs once.
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
	stmt, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args)
}

func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	stmt, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args)
}

// statement returns the prepared statement of a text. The rows of its last run have to be closed.
func (c *keepingConn) statement(ctx context.Context, text string) (sqliteStatement, error) {
	if stmt, ok := c.kept[text]; ok {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	for other := range c.kept {
		if len(c.kept) < maxKept {
			break
		}
		_ = c.kept[other].Close()
		delete(c.kept, other)
	}
	c.kept[text] = stmt.(sqliteStatement)
	return c.kept[text], nil
}

// Close closes the statements first: until then SQLite keeps the connection, and the log beside the file.
func (c *keepingConn) Close() error {
	for _, stmt := range c.kept {
		_ = stmt.Close()
	}
	return c.sqliteConn.Close()
}
