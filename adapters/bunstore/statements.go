package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"

	"coffeeshop/domain"
)

// statements runs statements. PostgreSQL's go through Bun, which writes the arguments into the text. SQLite's go past it:
// the arguments are bound, so that the connection keeps the statement prepared.
type statements struct{ bun.IConn }

// insert adds a row if the clause selects one.
func (s statements) insert(ctx context.Context, table, columns string, values []any, clause string, args ...any) (sql.Result, error) {
	return s.ExecContext(ctx, "INSERT INTO "+table+" ("+columns+") SELECT "+places(len(values))+" "+clause, append(values, args...)...)
}

// scan reads the first row into fields; sql.ErrNoRows if there is none.
func (s statements) scan(ctx context.Context, fields []any, text string, args ...any) error {
	return s.QueryRowContext(ctx, text, args...).Scan(fields...)
}

// list reads rows into entities.
func list[Row, Entity any](ctx context.Context, s statements, fields func(*Row) []any, entity func(Row) Entity, text string, args ...any) ([]Entity, error) {
	rows, err := s.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var entities []Entity
	for rows.Next() {
		var row Row
		if err := rows.Scan(fields(&row)...); err != nil {
			return nil, err
		}
		entities = append(entities, entity(row))
	}
	return entities, rows.Err()
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
