package bunstore_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// listener keeps the statements that run.
type listener struct {
	mu    sync.Mutex
	texts []string
}

func (*listener) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (l *listener) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, e.Query)
}

func (l *listener) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.texts = nil }()
	return l.texts
}

// plan is a node of EXPLAIN (ANALYZE, FORMAT JSON).
type plan struct {
	Relation  string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	Rows      float64 `json:"Actual Rows"`
	Loops     float64 `json:"Actual Loops"`
	Filtered  float64 `json:"Rows Removed by Filter"`
	Rechecked float64 `json:"Rows Removed by Index Recheck"`
	Plans     []plan
}

// read is how many rows of tables a plan has read.
func (p plan) read() float64 {
	n := 0.0
	if p.Relation != "" {
		n = (p.Rows + p.Filtered + p.Rechecked) * p.Loops
	}
	for _, below := range p.Plans {
		n += below.read()
	}
	return n
}

// ways are the indexes of lists. Another one could be read as a whole, and its rows be dropped before they are counted.
var ways = []string{"audit_events_list", "audit_events_of_actor", "audit_events_of_subject", "users_created", "users_search_email", "users_search_first_name", "users_search_last_name", "users_legacy", "users_pkey"}

// strays are the indexes that a plan reads and no list should.
func (p plan) strays() (all []string) {
	if p.Relation != "" && !slices.Contains(ways, p.Index) {
		all = append(all, cmp.Or(p.Index, "no index"))
	}
	for _, below := range p.Plans {
		all = append(all, below.strays()...)
	}
	return all
}

// A hundred thousand users, of whom those that fit lie at both ends of each order.
const farUsers = `INSERT INTO users (id, email, email_key, pending_email, pending_email_key, first_name, last_name, status, role, locale,
	password_hash, password_version, unverified_until, sign_up_network, blocked, blocked_until, block_reason, version, created_at, updated_at,
	search_email, search_first_name, search_last_name, legacy_id, invited_by)
SELECT ('01890000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, e, e, '', '', f, 'Lee', CASE WHEN rare THEN 'unverified' ELSE 'verified' END,
	CASE WHEN rare THEN 'admin' ELSE 'user' END, 'en', '', 1, NULL, '', rare, NULL, '', 1, '2026-01-01'::timestamptz + i * interval '1 s', now(),
	e, lower(f), 'lee', CASE WHEN rare THEN i::text END, CASE WHEN rare THEN '01890000-0000-7000-8000-000000000001'::uuid END
FROM (SELECT i, i <= 3 OR i > 99997 AS rare, 'u' || lpad((i * 7919 % 100000)::text, 6, '0') || '@example.com' AS e,
	CASE WHEN i <= 3 OR i > 99997 THEN 'Zed' ELSE 'Ann' END AS f FROM generate_series(1, 100000) AS i) AS s`

func TestList_ReadsTenThousandRowsAtMostOnPostgreSQL(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	cfg := bunstore.Config{PostgresURL: url}
	db := open(t, cfg)
	migrate(t, db)
	for _, analyzed := range []bool{false, true} { // the planner knows nothing of the table, and then all
		pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
			text := farUsers
			if analyzed {
				text = "VACUUM ANALYZE users"
			}
			_, err := db.ExecContext(ctx, text)
			return err
		})
		readsFew(t, db, cfg)
	}
}

func readsFew(t *testing.T, db *bunstore.DB, cfg bunstore.Config) {
	t.Helper()
	var heard listener
	db.Listen(&heard)
	conn, err := sql.Open("pgx", cfg.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetMaxOpenConns(1)
	most, all := 0.0, 0
	for _, q := range everyQuery(t) {
		page, err := db.Users().List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		statements := [][]string{heard.take()}
		if q.After = page.Next; !page.Next.IsZero() {
			if _, err := db.Users().List(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			statements = append(statements, heard.take())
		}
		if _, err := db.Users().Count(t.Context(), q.UserFilter); err != nil {
			t.Fatal(err)
		}
		for _, of := range append(statements, heard.take()) {
			n := explained(t, conn, of)
			if most, all = max(most, n), all+1; n > ports.ListReads {
				t.Errorf("%+v read %.0f rows by\n%s", q, n, strings.Join(of, "\n"))
			}
		}
	}
	t.Logf("%d requests read at most %.0f rows each", all, most)
}

func TestAuditList_ReadsTenThousandRowsAtMostOnPostgreSQL(t *testing.T) {
	t.Parallel()
	cfg := bunstore.Config{PostgresURL: pgtest.New(t)}
	db := open(t, cfg)
	migrate(t, db)
	actor, subject := uuid.MustParse("01890000-0000-7000-8000-000000000001"), uuid.MustParse("01890000-0000-7000-8000-000000000002")
	pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, `INSERT INTO audit_events (id, at, actor, subject, action, ip, user_agent, request_id, details)
			SELECT gen_random_uuid(), '2026-01-01'::timestamptz + i * interval '1 s', CASE WHEN i % 3 = 0 THEN '`+actor.String()+`'::uuid END,
			CASE WHEN i % 2 = 0 THEN '`+subject.String()+`'::uuid ELSE gen_random_uuid() END, CASE WHEN i < 5 THEN 'session.stolen' ELSE 'user.updated' END, '', '', '', '{}'
			FROM generate_series(1, 60000) AS i`)
		return err
	})
	var heard listener
	db.Listen(&heard)
	conn, err := sql.Open("pgx", cfg.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for bits := range 16 {
		q := domain.AuditQuery{Limit: 20}
		if bits&1 != 0 {
			q.Actor = actor
		}
		if bits&2 != 0 {
			q.Subject = subject
		}
		if bits&4 != 0 {
			q.Action = domain.ActionSessionStolen
		}
		if bits&8 != 0 {
			q.Since, q.Until = time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC)
		}
		for range 3 {
			page, err := db.Audit().List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if n := explained(t, conn, heard.take()); n > ports.ListReads {
				t.Errorf("%+v read %.0f rows", q, n)
			}
			if q.After = page.Next; q.After.IsZero() {
				break
			}
		}
	}
}

// everyQuery is every combination of filters and sort.
func everyQuery(t *testing.T) (all []domain.UserQuery) {
	t.Helper()
	now := time.Now()
	prefixes := []domain.Prefix{{}}
	for _, text := range []string{"zed", "ann", "u0", "nobody"} { // few, nearly all, many, none
		p, err := domain.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, p)
	}
	for _, sort := range []domain.UserSort{domain.SortNewest, domain.SortOldest, domain.SortEmail} {
		for _, prefix := range prefixes {
			for bits := range 17 { // a legacy id is looked up, whatever else is asked for
				q := domain.UserQuery{Sort: sort, Limit: 20, UserFilter: domain.UserFilter{Prefix: prefix, Now: now}}
				if bits&1 != 0 {
					q.Status = domain.StatusUnverified
				}
				if bits&2 != 0 {
					q.Role = domain.RoleAdmin
				}
				if bits&4 != 0 {
					q.Blocked = new(true)
				}
				if bits&8 != 0 {
					q.Invited = new(true)
				}
				if bits&16 != 0 {
					q.LegacyID = "99999"
				}
				all = append(all, q)
			}
		}
	}
	return all
}

// explained is how many rows the statements of a request read, by the planner of its transaction.
func explained(t *testing.T, conn *sql.DB, statements []string) (n float64) {
	t.Helper()
	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, text := range statements {
		if !strings.HasPrefix(text, "SELECT") && !strings.HasPrefix(text, "WITH") {
			continue
		}
		if strings.Contains(text, "set_config") {
			if _, err := tx.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var raw []byte
		if err := tx.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+text).Scan(&raw); err != nil {
			t.Fatal(err)
		}
		var explained []struct{ Plan plan }
		if err := json.Unmarshal(raw, &explained); err != nil {
			t.Fatal(err)
		}
		n += explained[0].Plan.read()
		if strays := explained[0].Plan.strays(); len(strays) > 0 {
			t.Errorf("%q is read by\n%s", strays, text)
		}
	}
	return n
}
