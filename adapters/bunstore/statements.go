package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"

	"coffeeshop/domain"
)

// statements runs statements: on PostgreSQL by Bun, which writes the arguments into the text; on SQLite the arguments are
// bound, so that the connection keeps the statement prepared.
type statements struct {
	bun.IDB

	bound interface { // nil on PostgreSQL
		ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	}
}

func (s statements) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if s.bound == nil {
		return s.ExecContext(ctx, text, args...)
	}
	return s.bound.ExecContext(ctx, text, args...)
}

// insert adds a row if the clause selects one.
func (s statements) insert(ctx context.Context, table, columns string, values []any, clause string, args ...any) (sql.Result, error) {
	return s.exec(ctx, "INSERT INTO "+table+" ("+columns+") SELECT "+places(len(values))+" "+clause, append(values, args...)...)
}

// scan reads the first row into fields; sql.ErrNoRows if there is none.
func (s statements) scan(ctx context.Context, fields []any, text string, args ...any) error {
	found := false
	err := s.each(ctx, func(row *sql.Rows) error {
		if found {
			return nil
		}
		found = true
		return row.Scan(fields...)
	}, text, args...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// each calls read with each row.
func (s statements) each(ctx context.Context, read func(row *sql.Rows) error, text string, args ...any) (err error) {
	var rows *sql.Rows
	if s.bound == nil {
		rows, err = s.QueryContext(ctx, text, args...)
	} else {
		rows, err = s.bound.QueryContext(ctx, text, args...)
	}
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list reads rows into entities.
func list[Row, Entity any](ctx context.Context, s statements, fields func(*Row) []any, entity func(Row) Entity, text string, args ...any) ([]Entity, error) {
	var entities []Entity
	err := s.each(ctx, func(rows *sql.Rows) error {
		var row Row
		err := rows.Scan(fields(&row)...)
		entities = append(entities, entity(row))
		return err
	}, text, args...)
	return entities, err
}

// places is a list of n places for arguments.
func places(n int) string { return "?" + strings.Repeat(", ?", n-1) }

// of prefixes columns with a table's alias.
func of(alias, columns string) string {
	return alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".")
}

// one returns the outcome of a statement on one row: domain.ErrNotFound when there was none.
func one(res sql.Result, err error) error {
	n, err := count(res, err)
	if err == nil && n == 0 {
		return domain.ErrNotFound
	}
	return err
}

func count(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
