package bunstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type users struct{ scope }

var _ ports.Users = users{}

// customColumns are read by themselves, where they are needed.
const customColumns = "profile, app_data"

// wholeUser is a row with its custom fields.
type wholeUser struct {
	userRow
	Profile, AppData string
}

func (r *wholeUser) fields() []any { return append(r.userRow.fields(), &r.Profile, &r.AppData) }

func (r wholeUser) user() domain.User {
	u := r.userRow.user()
	u.Custom = domain.CustomFields{Profile: domain.StoredFields(r.Profile), AppData: domain.StoredFields(r.AppData)}
	return u
}

const selectUsers = "SELECT " + userColumns + " FROM users WHERE "

const (
	writtenColumns = userColumns + ", " + searchColumns
	createdColumns = writtenColumns + ", " + customColumns
)

// updateUser takes the columns behind the id, the id and the version.
var updateUser = "UPDATE users SET " + strings.ReplaceAll(strings.TrimPrefix(writtenColumns, "id, "), ",", " = ?,") +
	" = ? WHERE id = ? AND version = ?"

func (r users) Lock(ctx context.Context, who ports.UserSet) ([]domain.User, error) {
	if err := r.requireTx(); err != nil {
		return nil, err
	}
	var where []string
	var args []any
	if who.Address != "" {
		sum := sha256.Sum256([]byte("coffeeshop address\x00" + who.Address))
		if err := r.lockKey(ctx, int64(binary.BigEndian.Uint64(sum[:8]))); err != nil {
			return nil, mapError("lock an address", err)
		}
		where, args = append(where, "email_key = ?"), append(args, who.Address)
	}
	if len(who.IDs) > 0 {
		where, args = append(where, "id IN ("+places(len(who.IDs))+")"), append(args, anys(who.IDs)...)
	}
	if who.Admins {
		where = append(where, "role = 'admin' AND status = 'verified'")
	}
	if len(who.Emails) > 0 {
		where, args = append(where, "email_key IN ("+places(len(who.Emails))+")"), append(args, anys(who.Emails)...)
	}
	if len(who.LegacyIDs) > 0 {
		where, args = append(where, "legacy_id IN ("+places(len(who.LegacyIDs))+")"), append(args, anys(who.LegacyIDs)...)
	}
	if len(where) == 0 {
		return nil, nil
	}
	found, err := list(ctx, r.write, (*userRow).fields, userRow.user,
		selectUsers+strings.Join(where, " OR ")+" ORDER BY id"+r.forUpdate(""), args...)
	return found, mapError("lock users", err)
}

func (r users) CreateSignUp(ctx context.Context, u domain.User) (bool, error) {
	n, err := count(r.write.insert(ctx, "users", createdColumns, created(u),
		"WHERE NOT EXISTS (SELECT 1 FROM users WHERE email_key = ? AND status = 'verified')", u.Email.Key))
	return n == 1, mapError("create an unverified user", err)
}

func (r users) CreateMany(ctx context.Context, all []domain.User) ([]uuid.UUID, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var args []any
	for _, u := range all {
		args = append(args, created(u)...)
	}
	row := "(" + places(len(args)/len(all)) + ")"
	stored, err := list(ctx, r.write, func(id *uuid.UUID) []any { return []any{id} }, func(id uuid.UUID) uuid.UUID { return id },
		"INSERT INTO users ("+createdColumns+") VALUES "+row+strings.Repeat(", "+row, len(all)-1)+" ON CONFLICT DO NOTHING RETURNING id", args...)
	return stored, mapError("create users", err)
}

// Create lets the index decide without an error of the database, which would end a transaction on PostgreSQL.
func (r users) Create(ctx context.Context, u domain.User) error {
	n, err := count(r.write.insert(ctx, "users", createdColumns, created(u),
		"WHERE true ON CONFLICT (email_key) WHERE status = 'verified' DO NOTHING"))
	if err == nil && n == 0 {
		return domain.ErrEmailTaken
	}
	return mapError("create a user", err)
}

func (r users) ByID(ctx context.Context, id uuid.UUID) (domain.User, error) {
	var row wholeUser
	err := r.read.scan(ctx, row.fields(), "SELECT "+userColumns+", "+customColumns+" FROM users WHERE id = ?", id)
	return row.user(), mapError("read a user", err)
}

func (r users) ByEmail(ctx context.Context, key string) (domain.User, error) {
	var row userRow
	err := r.read.scan(ctx, row.fields(), selectUsers+"email_key = ? AND invited_by IS NULL "+
		"ORDER BY CASE WHEN status = 'verified' THEN 0 WHEN sign_up_network = '' THEN 1 ELSE 2 END, created_at DESC, id DESC LIMIT 1", key)
	return row.user(), mapError("read the user of an address", err)
}

func (r users) HashBegins(ctx context.Context, prefixes []string) (bool, error) {
	byLength := map[int][]string{}
	for _, prefix := range prefixes {
		byLength[len(prefix)] = append(byLength[len(prefix)], prefix)
	}
	if len(byLength) == 0 {
		return false, nil
	}
	var where []string
	var args []any
	for length, same := range byLength {
		where = append(where, "substr(password_hash, 1, ?) IN ("+places(len(same))+")")
		args = append(append(args, length), anys(same)...)
	}
	var found bool
	err := r.read.scan(ctx, []any{&found}, "SELECT EXISTS (SELECT 1 FROM users WHERE "+strings.Join(where, " OR ")+")", args...)
	return found, mapError("look for password hashes", err)
}

// Update looks for another verified user of the address within the statement, since a violation of the index
// ends a transaction on PostgreSQL; the index still decides between two that come at once.
func (r users) Update(ctx context.Context, u domain.User) error {
	next := u
	next.Version++
	text, args := updateUser, slices.Concat(written(next)[1:], []any{u.ID, u.Version})
	if u.Verified() {
		text += " AND NOT EXISTS (SELECT 1 FROM users AS o WHERE o.email_key = ? AND o.status = 'verified' AND o.id <> ?)"
		args = append(args, u.Email.Key, u.ID)
	}
	n, err := count(r.write.ExecContext(ctx, text, args...))
	switch {
	case err != nil && violatesEmail(err):
		return domain.ErrEmailTaken
	case err != nil || n == 1:
		return mapError("update a user", err)
	}
	var version int64
	if err := r.write.scan(ctx, []any{&version}, "SELECT version FROM users WHERE id = ?", u.ID); err != nil {
		return mapError("update a user", err)
	}
	if version != u.Version {
		return domain.ErrConflict
	}
	return domain.ErrEmailTaken
}

func (r users) SetCustom(ctx context.Context, id uuid.UUID, c domain.CustomFields) error {
	if err := r.requireTx(); err != nil {
		return err
	}
	_, err := r.write.ExecContext(ctx, "UPDATE users SET profile = ?, app_data = ? WHERE id = ?", c.Profile.Text(), c.AppData.Text(), id)
	return mapError("store custom fields", err)
}

func (r users) UpgradeHash(ctx context.Context, id uuid.UUID, from, to domain.PasswordHash) error {
	_, err := r.write.ExecContext(ctx, "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", to.Reveal(), id, from.Reveal())
	return mapError("upgrade a password hash", err)
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
		return mapError("delete a user", one(tx.write.ExecContext(ctx, "DELETE FROM users WHERE id = ?", id)))
	})
}

func (r users) DeleteSignUps(ctx context.Context, ids ...uuid.UUID) error {
	if err := r.requireTx(); err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	which := "status = 'unverified' AND id IN (" + places(len(ids)) + ")"
	if err := challenges(r).delete(ctx, "user_id IN (SELECT id FROM users WHERE "+which+")", anys(ids)...); err != nil {
		return mapError("delete the challenges of unverified users", err)
	}
	_, err := r.write.ExecContext(ctx, "DELETE FROM users WHERE "+which, anys(ids)...)
	return mapError("delete unverified users", err)
}

func (r users) DeleteUnverified(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = r.atomically(ctx, func(tx scope) error {
		due, err := list(ctx, tx.write, func(id *uuid.UUID) []any { return []any{id} }, func(id uuid.UUID) uuid.UUID { return id },
			"SELECT id FROM users WHERE status = 'unverified' AND unverified_until <= ? ORDER BY unverified_until LIMIT ?"+
				r.forUpdate("SKIP LOCKED"), stamp(now), limit)
		if err != nil {
			return mapError("find unverified users", err)
		}
		n = len(due)
		return users{tx}.DeleteSignUps(ctx, due...)
	})
	return n, err
}

func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}
