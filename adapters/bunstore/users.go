package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type users struct{ scope }

var _ ports.Users = users{}

func (r users) Lock(ctx context.Context, who ports.UserSet) ([]domain.User, error) {
	if err := r.requireTx(); err != nil {
		return nil, err
	}
	q := r.write.NewSelect().Model((*userRow)(nil)).OrderExpr("id")
	if who.Address != "" {
		sum := sha256.Sum256([]byte("coffeeshop address\x00" + who.Address))
		if err := r.lockKey(ctx, int64(binary.BigEndian.Uint64(sum[:8]))); err != nil {
			return nil, mapError("lock an address", err)
		}
		q = q.WhereOr("email_key = ?", who.Address)
	}
	if len(who.IDs) > 0 {
		q = q.WhereOr("id IN (?)", bun.List(who.IDs))
	}
	if who.Admins {
		q = q.WhereOr("role = 'admin' AND status = 'verified'")
	}
	if r.db.isPostgres() {
		q = q.For("UPDATE")
	}
	var rows []userRow
	err := q.Scan(ctx, &rows)
	return each(rows, userRow.user), mapError("lock users", err)
}

func (r users) CreateSignUp(ctx context.Context, u domain.User) (bool, error) {
	row := newUserRow(u)
	n, err := count(r.insert(ctx, "users", userColumns, row.fields(),
		"WHERE NOT EXISTS (SELECT 1 FROM users WHERE email_key = ? AND status = 'verified')", row.EmailKey))
	return n == 1, mapError("create an unverified user", err)
}

// Create lets the index decide without an error of the database, which would end a transaction on PostgreSQL.
func (r users) Create(ctx context.Context, u domain.User) error {
	row := newUserRow(u)
	n, err := count(r.write.NewInsert().Model(&row).On("CONFLICT (email_key) WHERE status = 'verified' DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return domain.ErrEmailTaken
	}
	return mapError("create a user", err)
}

func (r users) ByID(ctx context.Context, id uuid.UUID) (domain.User, error) {
	var row userRow
	err := r.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.user(), mapError("read a user", err)
}

func (r users) ByEmail(ctx context.Context, key string) (domain.User, error) {
	var row userRow
	err := r.read.NewSelect().Model(&row).Where("email_key = ?", key).
		OrderExpr("CASE WHEN status = 'verified' THEN 0 ELSE 1 END, created_at DESC, id DESC").Limit(1).Scan(ctx)
	return row.user(), mapError("read the user of an address", err)
}

func (r users) List(ctx context.Context, after uuid.UUID, limit int) ([]domain.User, error) {
	if limit <= 0 {
		return nil, nil // to Bun, no limit at all
	}
	var rows []userRow
	q := r.read.NewSelect().Model(&rows).OrderExpr("id DESC").Limit(int64(limit))
	if after != uuid.Nil {
		q = q.Where("id < ?", after)
	}
	err := q.Scan(ctx)
	return each(rows, userRow.user), mapError("list users", err)
}

func (r users) HashBegins(ctx context.Context, prefixes []string) (bool, error) {
	byLength := map[int][]string{}
	for _, prefix := range prefixes {
		byLength[len(prefix)] = append(byLength[len(prefix)], prefix)
	}
	if len(byLength) == 0 {
		return false, nil // to Bun, no condition at all
	}
	q := r.read.NewSelect().Model((*userRow)(nil))
	for length, same := range byLength {
		q = q.WhereOr("substr(password_hash, 1, ?) IN (?)", length, bun.List(same))
	}
	found, err := q.Exists(ctx)
	return found, mapError("look for password hashes", err)
}

// Update looks for another verified user of the address within the statement, since a violation of the index
// ends a transaction on PostgreSQL; the index still decides between two that come at once.
func (r users) Update(ctx context.Context, u domain.User) error {
	row := newUserRow(u)
	row.Version++
	q := r.write.NewUpdate().Model(&row).ExcludeColumn("id", "created_at").Where("id = ?", u.ID).Where("version = ?", u.Version)
	if u.Verified() {
		q = q.Where("NOT EXISTS (SELECT 1 FROM users AS o WHERE o.email_key = ? AND o.status = 'verified' AND o.id <> ?)", row.EmailKey, u.ID)
	}
	n, err := count(q.Exec(ctx))
	switch {
	case err != nil && violatesEmail(err):
		return domain.ErrEmailTaken
	case err != nil || n == 1:
		return mapError("update a user", err)
	}
	var version int64
	if err := r.write.NewRaw("SELECT version FROM users WHERE id = ?", u.ID).Scan(ctx, &version); err != nil {
		return mapError("update a user", err)
	}
	if version != u.Version {
		return domain.ErrConflict
	}
	return domain.ErrEmailTaken
}

func (r users) Delete(ctx context.Context, id uuid.UUID, now time.Time) error {
	return r.atomically(ctx, func(tx scope) error {
		if _, err := (users{tx}).Lock(ctx, ports.UserSet{IDs: []uuid.UUID{id}}); err != nil { // no session begins from here on
			return err
		}
		if _, err := (sessions{tx}).end(ctx, domain.ReasonRevoked, now, "s.user_id = ?", id); err != nil {
			return err
		}
		if err := (challenges{tx}).DeleteByUser(ctx, id); err != nil {
			return err
		}
		return mapError("delete a user", one(tx.write.NewRaw("DELETE FROM users WHERE id = ?", id).Exec(ctx)))
	})
}

func (r users) DeleteSignUps(ctx context.Context, ids ...uuid.UUID) error {
	if err := r.requireTx(); err != nil {
		return err
	}
	const which = "status = 'unverified' AND id IN (?)"
	in := bun.List(append([]uuid.UUID{uuid.Nil}, ids...)) // with nobody's id, since a list must not be empty
	if err := challenges(r).delete(ctx, "user_id IN (SELECT id FROM users WHERE "+which+")", in); err != nil {
		return mapError("delete the challenges of unverified users", err)
	}
	_, err := r.write.NewRaw("DELETE FROM users WHERE "+which, in).Exec(ctx)
	return mapError("delete unverified users", err)
}

func (r users) DeleteUnverified(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = r.atomically(ctx, func(tx scope) error {
		var due []uuid.UUID
		err := tx.write.NewRaw("SELECT id FROM users WHERE status = 'unverified' AND unverified_until <= ? "+
			"ORDER BY unverified_until LIMIT ? ?", stamp(now), limit, r.forUpdate("SKIP LOCKED")).Scan(ctx, &due)
		if err != nil {
			return mapError("find unverified users", err)
		}
		n = len(due)
		return users{tx}.DeleteSignUps(ctx, due...)
	})
	return n, err
}
