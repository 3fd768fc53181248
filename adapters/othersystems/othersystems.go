// Package othersystems reads the users of other systems from their databases, which are PostgreSQL's. docs/migrating.md
// tells how people and clients move.
package othersystems

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

// page is how many rows are read at once.
const page = 1000

// system is the way to the users of a system: a statement that takes the last id and the number of rows, and what makes a
// record of a row.
type system struct {
	statement string
	first     any // before all ids
	read      func(rows pgx.Rows) (id any, r transfer.Record, err error)
}

var systems = map[string]system{
	// The FastAPI service that this one replaces.
	"fastapi": {
		first: int64(-1 << 63),
		statement: `SELECT id, email, coalesce(password, ''), coalesce(first_name, ''), coalesce(last_name, ''), coalesce(lower(status::text), ''), coalesce(lower(role::text), ''),
			created_at::timestamptz FROM users WHERE id > $1::bigint ORDER BY id LIMIT $2`,
		read: readFastAPI,
	},
	// Supabase Auth. Later versions have more columns than earlier ones: a row is read as JSON.
	"supabase": {
		first: "00000000-0000-0000-0000-000000000000",
		statement: `SELECT id::text, coalesce(email, ''), coalesce(encrypted_password, ''), email_confirmed_at,
			CASE WHEN banned_until = 'infinity' THEN timestamptz '9999-01-01' ELSE banned_until END, created_at,
			coalesce(nullif(raw_user_meta_data::text, 'null'), ''), coalesce(nullif(raw_app_meta_data::text, 'null'), ''),
			to_jsonb(u) ->> 'deleted_at' IS NOT NULL, coalesce((to_jsonb(u) ->> 'is_anonymous')::boolean, false)
			FROM auth.users AS u WHERE id > $1::uuid ORDER BY id LIMIT $2`,
		read: readSupabase,
	},
}

// Schemas are the systems that Users reads.
func Schemas() []string { return []string{"fastapi", "supabase"} }

// Users is the source of the users in the database of a system. It only reads.
func Users(url domain.Secret, schema string) (transfer.Source, error) {
	of, ok := systems[schema]
	if !ok {
		return nil, fmt.Errorf("the schema has to be %s", strings.Join(Schemas(), " or "))
	}
	cfg, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return nil, errors.New("the address is no URL of PostgreSQL") // pgx's error may quote the password
	}
	cfg.RuntimeParams["timezone"] = "UTC" // of times that name none
	cfg.RuntimeParams["default_transaction_read_only"] = "on"
	return func(ctx context.Context) iter.Seq2[transfer.Record, error] {
		return func(yield func(transfer.Record, error) bool) {
			conn, err := pgx.ConnectConfig(ctx, cfg)
			if err != nil {
				yield(transfer.Record{}, fmt.Errorf("connect to the other system: %w", err))
				return
			}
			defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
			of.each(ctx, conn, yield)
		}
	}, nil
}

func (s system) each(ctx context.Context, conn *pgx.Conn, yield func(transfer.Record, error) bool) {
	last, n := s.first, 0
	for {
		rows, err := conn.Query(ctx, s.statement, last, page)
		if err != nil {
			yield(transfer.Record{}, fmt.Errorf("read the other system: %w", err))
			return
		}
		before := n
		for rows.Next() {
			n++
			id, r, err := s.read(rows)
			if r.Line = n; err != nil && !errors.As(err, new(transfer.BadLine)) {
				rows.Close()
				yield(transfer.Record{}, fmt.Errorf("read the other system: %w", err))
				return
			}
			if last = id; !yield(r, numbered(err, n)) {
				rows.Close()
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(transfer.Record{}, fmt.Errorf("read the other system: %w", err))
			return
		}
		if n-before < page {
			return
		}
	}
}

// numbered gives a bad row its number.
func numbered(err error, n int) error {
	var bad transfer.BadLine
	if errors.As(err, &bad) {
		return transfer.BadLine{Line: n, Reason: bad.Reason}
	}
	return err
}

func readFastAPI(rows pgx.Rows) (any, transfer.Record, error) {
	var id int64
	var r transfer.Record
	var password string
	var created *time.Time
	err := rows.Scan(&id, &r.Email, &password, &r.FirstName, &r.LastName, &r.Status, &r.Role, &created)
	r.LegacyID, r.PasswordHash = fmt.Sprint(id), domain.NewPasswordHash(password)
	if created != nil {
		r.CreatedAt = *created
	}
	return id, r, err
}

func readSupabase(rows pgx.Rows) (any, transfer.Record, error) {
	var r transfer.Record
	var password, profile, appData string
	var confirmed, banned, created *time.Time
	var deleted, anonymous bool
	err := rows.Scan(&r.ID, &r.Email, &password, &confirmed, &banned, &created, &profile, &appData, &deleted, &anonymous)
	if err != nil {
		return nil, r, err
	}
	for _, gap := range []struct {
		missing bool
		reason  string
	}{{deleted, "the user is deleted"}, {anonymous, "the user is anonymous"}, {r.Email == "", "the user has no e-mail address"}} {
		if gap.missing {
			return r.ID, r, transfer.BadLine{Reason: gap.reason}
		}
	}
	r.PasswordHash, r.Profile, r.AppData = domain.NewPasswordHash(password), []byte(profile), []byte(appData)
	if r.Status = string(domain.StatusUnverified); confirmed != nil {
		r.Status = string(domain.StatusVerified)
	}
	if created != nil {
		r.CreatedAt = *created
	}
	if banned != nil {
		r.Blocked, r.BlockedUntil, r.BlockReason = true, *banned, "banned in the system that the user came from"
	}
	return r.ID, r, nil
}
