package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// order is the way of a list: along an index, whose columns are the sort key and the id.
type order struct {
	index, key, direction string
	behind, upTo          string // the comparisons with a place
}

var orders = map[domain.UserSort]order{
	domain.SortNewest: {"users_created", "created_at", "DESC", "<", ">="},
	domain.SortOldest: {"users_created", "created_at", "ASC", ">", "<="},
	domain.SortEmail:  {"users_search_email", "search_email", "ASC", ">", "<="},
}

// by is the clause that orders.
func (o order) by() string {
	return " ORDER BY u." + o.key + " " + o.direction + ", u.id " + o.direction
}

// compared is the condition on users beside a place, and its arguments.
func (o order) compared(how string, p domain.UserPlace) (string, []any) {
	if p.IsZero() {
		return "", nil
	}
	key := any(p.Email)
	if o.key == "created_at" {
		key = stamp(p.At)
	}
	// Of a pair the planner of PostgreSQL does not know how many rows lie between two places; of its first column it does.
	return " AND u." + o.key + " " + strings.TrimSuffix(how, "=") + "= ? AND (u." + o.key + ", u.id) " + how + " (?, ?)", []any{key, key, p.ID}
}

// fitting are the conditions of a filter, and their arguments. They are written so that no index serves them: what a list
// reads is decided by its walk and its look-up alone.
func fitting(f domain.UserFilter) (conditions string, args []any) {
	conditions = "true"
	ask := func(condition string, values ...any) {
		conditions, args = conditions+" AND "+condition, append(args, values...)
	}
	if f.Status != "" {
		ask("u.status || '' = ?", string(f.Status))
	}
	if f.Role != "" {
		ask("u.role || '' = ?", string(f.Role))
	}
	if f.LegacyID != "" {
		ask("u.legacy_id || '' = ?", f.LegacyID)
	}
	if f.Blocked != nil {
		ask("(u.blocked AND (u.blocked_until IS NULL OR u.blocked_until > ?)) = ?", stamp(f.Now), *f.Blocked)
	}
	if f.Invited != nil {
		ask("(u.invited_by IS NOT NULL) = ?", *f.Invited)
	}
	if from, to := f.Prefix.Key(), f.Prefix.End(); !f.Prefix.IsZero() {
		ask("(u.search_email >= ? AND u.search_email < ? OR u.search_first_name >= ? AND u.search_first_name < ? "+
			"OR u.search_last_name >= ? AND u.search_last_name < ?)", from, to, from, to, from, to)
	}
	return conditions, args
}

func (r users) List(ctx context.Context, q domain.UserQuery) (page domain.UserPage, err error) {
	if err := r.refuseTx(); err != nil || q.Limit <= 0 {
		return page, err
	}
	err = r.looking(ctx, func(s scope) error {
		page, err = users{s}.page(ctx, q)
		return err
	})
	return page, mapError("list users", err)
}

// source is where the users of a list come from.
type source struct {
	with string // what comes before the SELECT
	args []any
	from string
}

// walked are the users along an index.
func (r users) walked(index string) source { return source{from: " FROM users AS u" + r.along(index)} }

// along has SQLite read along an index. PostgreSQL does when nothing else is left to it: see looking.
func (s scope) along(index string) string {
	if s.db.isPostgres() {
		return ""
	}
	return " INDEXED BY " + index
}

// lookedUp are the users that a statement selects by the columns of a hit.
func (r users) lookedUp(hits string, args ...any) source {
	return source{"WITH hits AS MATERIALIZED (" + hits + ") ", args, r.joined("hits")}
}

// joined joins users to the row keys of a table.
func (r users) joined(table string) string {
	if r.db.isPostgres() {
		return " FROM " + table + " JOIN users AS u ON u.id = " + table + ".row_key"
	}
	return " FROM " + table + " CROSS JOIN users AS u ON u.rowid = " + table + ".row_key"
}

// hit are the columns of a user that the indexes of searches hold. Rows are looked up by row_key.
func (s scope) hit() string {
	if s.db.isPostgres() {
		return "id AS row_key, id, created_at"
	}
	return "rowid AS row_key, id, created_at"
}

// first takes from a look-up the n users that come first. The columns of the hits have to decide which ones.
func (r users) first(of source, n int, o order, where string, args []any) source {
	with := of.with + ", nearest AS MATERIALIZED (SELECT row_key FROM hits AS u WHERE true" + where + o.by() + " LIMIT ?) "
	return source{with, slices.Concat(of.args, args, []any{n}), r.joined("nearest")}
}

// lookUp finds the users that a filter names; ok is false when there are too many, or when it names none.
func (r users) lookUp(ctx context.Context, f domain.UserFilter) (found source, ok bool, err error) {
	if f.LegacyID != "" {
		return r.lookedUp("SELECT "+r.hit()+" FROM users WHERE legacy_id = ?", f.LegacyID), true, nil
	}
	if f.Prefix.IsZero() {
		return source{}, false, nil
	}
	var hits, counts []string
	var args, limited []any
	for _, column := range strings.Split(searchColumns, ", ") {
		of := "FROM users" + r.along("users_"+column) + " WHERE " + column + " >= ? AND " + column + " < ?"
		hits, args = append(hits, "SELECT "+r.hit()+" "+of), append(args, f.Prefix.Key(), f.Prefix.End())
		counts, limited = append(counts, "(SELECT count(*) FROM (SELECT 1 "+of+" LIMIT ?) AS n)"), append(limited, f.Prefix.Key(), f.Prefix.End(), ports.ListPrefix+1)
	}
	var n [3]int
	err = r.read.scan(ctx, []any{&n[0], &n[1], &n[2]}, "SELECT "+strings.Join(counts, ", "), limited...)
	if err != nil || slices.Max(n[:]) > ports.ListPrefix {
		return source{}, false, err
	}
	return r.lookedUp(strings.Join(hits, " UNION "), args...), true, nil
}

func (r users) page(ctx context.Context, q domain.UserQuery) (page domain.UserPage, err error) {
	o := orders[q.Sort]
	where, args := o.compared(o.behind, q.After)
	from, found, err := r.lookUp(ctx, q.UserFilter)
	if err != nil {
		return page, err
	}
	var end domain.UserPlace // of the walk; zero: that of the list
	if !found {
		from = r.walked(o.index)
		if !q.All() {
			if end, err = r.walkEnd(ctx, from, o, where, args); err != nil {
				return page, err
			}
			bound, place := o.compared(o.upTo, end)
			where, args = where+bound, append(args, place...)
		}
	}
	if found && q.OnlyPrefix() && o.key == "created_at" {
		from = r.first(from, q.Limit+1, o, where, args)
	}
	fits, fitArgs := fitting(q.UserFilter)
	following, err := list(ctx, r.read, (*wholeUser).fields, wholeUser.user, from.with+"SELECT "+of("u", userColumns+", "+customColumns)+from.from+
		" WHERE "+fits+where+o.by()+" LIMIT ?", slices.Concat(from.args, fitArgs, args, []any{q.Limit + 1})...)
	page = q.Page(following)
	if page.Next.IsZero() {
		page.Next = end
	}
	return page, err
}

// walkEnd is the last place that a walk reaches; zero: the list ends before.
func (r users) walkEnd(ctx context.Context, of source, o order, where string, args []any) (domain.UserPlace, error) {
	var end domain.UserPlace
	key := any(&end.Email)
	if o.key == "created_at" {
		key = &end.At
	}
	err := r.read.scan(ctx, []any{key, &end.ID}, "SELECT u."+o.key+", u.id"+of.from+" WHERE true"+where+o.by()+" LIMIT 1 OFFSET ?",
		append(slices.Clone(args), ports.ListWalk-1)...)
	if errors.Is(err, sql.ErrNoRows) {
		return domain.UserPlace{}, nil
	}
	end.At = utc(end.At)
	return end, err
}

func (r users) Count(ctx context.Context, f domain.UserFilter) (tally domain.Tally, err error) {
	if err := r.refuseTx(); err != nil {
		return tally, err
	}
	err = r.looking(ctx, func(s scope) error {
		r := users{s}
		of, found, err := r.lookUp(ctx, f)
		if err != nil {
			return err
		}
		fits, args := fitting(f)
		if found {
			tally.Exact = true
			return r.read.scan(ctx, []any{&tally.N}, of.with+"SELECT count(*)"+of.from+" WHERE "+fits, append(of.args, args...)...)
		}
		most := ports.ListReads
		if !f.Prefix.IsZero() {
			most = ports.CountWalk
		}
		some, seen := " FROM users AS u NOT INDEXED ORDER BY rowid DESC", 0 // as they lie in the file
		if r.db.isPostgres() {
			some = " FROM users AS u" + orders[domain.SortNewest].by()
		}
		err = r.read.scan(ctx, []any{&seen, &tally.N}, "SELECT count(*), coalesce(sum(fits), 0) FROM (SELECT CASE WHEN "+fits+" THEN 1 ELSE 0 END AS fits"+
			some+" LIMIT ?) AS n", append(args, most)...)
		tally.Exact = seen < most
		return err
	})
	return tally, mapError("count users", err)
}

// alongIndexes leaves the planner of PostgreSQL nothing but walks along indexes, and single rows that are looked up by them.
const alongIndexes = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), " +
	"set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"

// looking runs fn on one snapshot of the database, with a planner that reads along indexes: a list promises how many
// rows it reads, and the planner does not know the promise.
func (s scope) looking(ctx context.Context, fn func(s scope) error) error {
	if !s.db.isPostgres() {
		tx, err := s.db.read.DB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // it wrote nothing
		return fn(scope{db: s.db, read: statements{tx}})
	}
	tx, err := s.db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, alongIndexes); err != nil {
		return err
	}
	return fn(scope{db: s.db, read: statements{tx}})
}

// fillBatch is how many users get their search keys in one statement.
const fillBatch = 500

// FillSearchKeys gives search keys to the users that an earlier version of the service wrote, in batches. Replicas may do it
// at the same time.
func (db *DB) FillSearchKeys(ctx context.Context) error {
	return mapError("give search keys to users", db.fillSearchKeys(ctx))
}

// fillSearchKeys takes a user that is changed meanwhile in a later batch.
func (db *DB) fillSearchKeys(ctx context.Context) error {
	id := "v.id"
	if db.isPostgres() {
		id = "CAST(v.id AS uuid)"
	}
	for {
		due, err := list(ctx, db.scope.read, (*userRow).fields, userRow.user, selectUsers+"search_email = '' LIMIT ?", fillBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		var args []any
		for _, u := range due {
			email, firstName, lastName := u.SearchKeys()
			args = append(args, u.ID.String(), u.Version, email, firstName, lastName)
		}
		_, err = db.scope.write.ExecContext(ctx, "WITH v (id, version, search_email, search_first_name, search_last_name) AS (VALUES (?, ?, ?, ?, ?)"+
			strings.Repeat(", (?, ?, ?, ?, ?)", len(due)-1)+") UPDATE users SET search_email = v.search_email, search_first_name = v.search_first_name, "+
			"search_last_name = v.search_last_name FROM v WHERE users.id = "+id+" AND users.version = v.version", args...)
		if err != nil {
			return err
		}
	}
}
