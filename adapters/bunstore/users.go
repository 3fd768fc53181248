package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type users struct{ scope }

var _ ports.Users = users{}

func (r users) LockAddress(ctx context.Context, key string) error {
	if err := r.inTx(); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("coffeeshop address\x00" + key))
	return fail("lock an address", r.lockKey(ctx, int64(binary.BigEndian.Uint64(sum[:8]))))
}

func (r users) CreateAttempt(ctx context.Context, u domain.User) (bool, error) {
	row := newUserRow(u)
	n, err := count(r.insert(ctx, "users", userColumns, row.fields(),
		"WHERE NOT EXISTS (SELECT 1 FROM users WHERE email_key = ? AND status = 'verified')", row.EmailKey))
	return n == 1, fail("create an unverified user", err)
}

// Create lets the index decide without an error of the database, which would end a transaction on PostgreSQL.
func (r users) Create(ctx context.Context, u domain.User) error {
	row := newUserRow(u)
	n, err := count(r.write.NewInsert().Model(&row).On("CONFLICT (email_key) WHERE status = 'verified' DO NOTHING").Exec(ctx))
	if err == nil && n == 0 {
		return domain.ErrEmailTaken
	}
	return fail("create a user", err)
}

func (r users) ByID(ctx context.Context, id uuid.UUID) (domain.User, error) {
	var row userRow
	err := r.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.user(), fail("read a user", err)
}

func (r users) ByEmail(ctx context.Context, key string) (domain.User, error) {
	var row userRow
	err := r.read.NewSelect().Model(&row).Where("email_key = ?", key).
		OrderExpr("CASE WHEN status = 'verified' THEN 0 ELSE 1 END, created_at DESC, id DESC").Limit(1).Scan(ctx)
	return row.user(), fail("read the user of an address", err)
}

func (r users) Lock(ctx context.Context, id uuid.UUID) (domain.User, error) {
	if err := r.inTx(); err != nil {
		return domain.User{}, err
	}
	var row userRow
	err := r.write.NewRaw("SELECT * FROM users WHERE id = ? ?", id, r.forUpdate("")).Scan(ctx, &row)
	return row.user(), fail("lock a user", err)
}

func (r users) LockAdmins(ctx context.Context) ([]domain.User, error) {
	if err := r.inTx(); err != nil {
		return nil, err
	}
	var rows []userRow
	err := r.write.NewRaw("SELECT * FROM users WHERE role = 'admin' AND status = 'verified' ORDER BY id ?", r.forUpdate("")).Scan(ctx, &rows)
	return each(rows, userRow.user), fail("lock the admins", err)
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
	return each(rows, userRow.user), fail("list users", err)
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
		return fail("update a user", err)
	}
	var version int64
	if err := r.write.NewRaw("SELECT version FROM users WHERE id = ?", u.ID).Scan(ctx, &version); err != nil {
		return fail("update a user", err)
	}
	if version != u.Version {
		return domain.ErrConflict
	}
	return domain.ErrEmailTaken
}

func (r users) Delete(ctx context.Context, id uuid.UUID, now time.Time) error {
	return r.atomically(ctx, func(tx scope) error {
		if _, err := (users{tx}).Lock(ctx, id); err != nil { // no session begins from here on
			return err
		}
		if _, err := (sessions{tx}).end(ctx, domain.ReasonRevoked, now, "s.user_id = ?", id); err != nil {
			return err
		}
		return fail("delete a user", one(tx.write.NewRaw("DELETE FROM users WHERE id = ?", id).Exec(ctx)))
	})
}

func (r users) DeleteAttempts(ctx context.Context, key string, keep int) error {
	_, err := r.write.NewRaw("DELETE FROM users WHERE status = 'unverified' AND id IN (SELECT id FROM ("+
		"SELECT id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS place FROM users "+
		"WHERE email_key = ? AND status = 'unverified') AS attempts WHERE place > ?)", key, keep).Exec(ctx)
	return fail("delete the unverified users of an address", err)
}

func (r users) DeleteUnverified(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := count(r.write.NewRaw("WITH due AS MATERIALIZED (SELECT id FROM users "+
		"WHERE status = 'unverified' AND unverified_until <= ? ORDER BY unverified_until LIMIT ? ?) "+
		"DELETE FROM users WHERE id IN (SELECT id FROM due)", stamp(now), limit, r.forUpdate("SKIP LOCKED")).Exec(ctx))
	return n, fail("delete unverified users", err)
}
