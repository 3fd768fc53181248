package bunstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/domain"
	"coffeeshop/migrations"
	"coffeeshop/ports"
)

// Each version of the schema that holds more than the one before has rows of its own in testdata, which no later version
// may lose.
func TestMigrate_KeepsTheRowsOfEveryEarlierVersion(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		var rows []byte
		for _, step := range status(t, db) {
			migrateTo(t, cfg, step.Version)
			if len(step.Removes) > 0 {
				var err error
				if rows, err = os.ReadFile(fmt.Sprintf("testdata/%05d.sql", step.Version)); err != nil {
					t.Fatalf("version %d needs rows that fill its tables: %v", step.Version, err)
				}
			}
			pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
				_, err := db.ExecContext(ctx, string(rows))
				return err
			})
			migrate(t, db)
			hasRowsOfVersion1(t, db)
			if step.Version >= 2 {
				hasRowsOfVersion2(t, db)
			}
			if step.Version >= 3 {
				hasRowsOfVersion3(t, db)
			}
			findsUsers(t, db, "LOVE", "Ada@example.com")
			findsUsers(t, db, "bob@", "bob@example.com")
			down(t, db)
		}
	})
}

// migrateTo takes the schema up to a version.
func migrateTo(t *testing.T, cfg bunstore.Config, version int64) {
	t.Helper()
	dialect, files := goose.DialectSQLite3, migrations.SQLite
	if cfg.PostgresURL != "" {
		dialect, files = goose.DialectPostgres, migrations.Postgres
	}
	pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
		provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return err
		}
		_, err = provider.UpTo(ctx, version)
		return err
	})
}

func pastTheStore(t *testing.T, cfg bunstore.Config, fn func(ctx context.Context, db *sql.DB) error) {
	t.Helper()
	driver, source := "sqlite", cfg.SQLitePath
	if cfg.PostgresURL != "" {
		driver, source = "pgx", cfg.PostgresURL
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := fn(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

func hasRowsOfVersion1(t *testing.T, db *bunstore.DB) {
	t.Helper()
	ctx, id := t.Context(), func(text string) uuid.UUID { return uuid.MustParse("01900000-0000-" + text) }
	day := func(year int, month time.Month, day, h, m, s int) time.Time {
		return time.Date(year, month, day, h, m, s, 0, time.UTC)
	}
	first, end, now := day(2026, 1, 2, 3, 4, 5), day(2030, 1, 1, 0, 0, 0), day(2026, 1, 3, 0, 0, 0)
	source := domain.Source{IP: "192.0.2.1", UserAgent: "agent", RequestID: "request"}
	email := func(address, key string) domain.Email { return domain.Email{Address: address, Key: key} }

	ada := domain.User{ID: id("7000-8000-000000000001"), Email: email("Ada@example.com", "ada@example.com"), PendingEmail: email("new@example.com", "new@example.com"),
		FirstName: "Ada", LastName: "Lovelace", Status: domain.StatusVerified, Role: domain.RoleAdmin, Locale: domain.LocaleEnglish,
		PasswordHash: domain.NewPasswordHash("$2a$04$hash"), PasswordVersion: 2, Blocked: true, BlockedUntil: end, BlockReason: "holiday", Version: 7,
		CreatedAt: first, UpdatedAt: first.Add(24 * time.Hour)}
	is(t, ada)(db.Users().ByEmail(ctx, "ada@example.com"))
	is(t, domain.User{ID: id("7000-8000-000000000002"), Email: email("bob@example.com", "bob@example.com"), Status: domain.StatusUnverified,
		Role: domain.RoleUser, Locale: domain.LocaleRussian, PasswordHash: ada.PasswordHash, PasswordVersion: 1, UnverifiedUntil: end, SignUpNetwork: "network",
		Version: 1, CreatedAt: first, UpdatedAt: first})(db.Users().ByEmail(ctx, "bob@example.com"))

	session := domain.Session{ID: id("7000-9000-000000000001"), UserID: ada.ID, UserAgent: "agent", IP: "192.0.2.1", CreatedAt: first,
		LastUsedAt: first.Add(time.Second), ExpiresAt: end, Generation: 3, RotatedGeneration: 2, DeliveredGeneration: 2}
	sessions, err := db.Sessions().ByUser(ctx, ada.ID, now)
	if err != nil || len(sessions) != 1 || sessions[0] != session {
		t.Errorf("sessions %+v, %v", sessions, err)
	}
	expires := day(2029, 1, 1, 0, 0, 0)
	is(t, domain.RevokedToken{Reason: domain.ReasonRotated, RevokedAt: first.Add(time.Second), RefreshToken: domain.RefreshToken{
		JTI: id("7000-a000-000000000002"), SessionID: session.ID, Generation: 2, IssuedAt: first, ExpiresAt: expires,
	}})(db.Sessions().Revoked(ctx, id("7000-a000-000000000002")))
	is(t, domain.Challenge{ID: id("4000-8000-000000000001"), Purpose: domain.PurposeChangeEmail, Email: ada.PendingEmail, UserID: ada.ID,
		Locale: domain.LocaleEnglish, Guesses: 4, Source: source, CreatedAt: first, HandOvers: 1, HandedOverAt: first.Add(time.Second),
		ExpiresAt: end})(db.Challenges().ByID(ctx, id("4000-8000-000000000001")))
	is(t, domain.Notice{ID: id("7000-b000-000000000001"), Kind: domain.NoticeEmailRequested, Email: ada.Email, Locale: domain.LocaleEnglish,
		Source: source, CreatedAt: first})(db.Notices().ByID(ctx, id("7000-b000-000000000001")))
	is(t, true)(db.Throttles().Remembered(ctx, "04.key", now))
	wait, err := db.Throttles().Wait(ctx, "00.key", domain.Budget{Burst: 1, Interval: time.Hour}, now)
	if err != nil || wait <= 0 {
		t.Errorf("wait %s, %v", wait, err)
	}
	is(t, 1)(db.Audit().DeleteBefore(ctx, now, 10))
}

func hasRowsOfVersion2(t *testing.T, db *bunstore.DB) {
	t.Helper()
	signedUp, id := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), uuid.MustParse("01900000-0000-4000-8000-000000000002")
	is(t, domain.Challenge{ID: id, Purpose: domain.PurposeVerifyEmail, Email: domain.Email{Address: "bob@example.com", Key: "bob@example.com"},
		UserID: uuid.MustParse("01900000-0000-7000-8000-000000000002"), Locale: domain.LocaleRussian,
		Source: domain.Source{IP: "192.0.2.1", UserAgent: "agent", RequestID: "request"}, CreatedAt: signedUp,
		ExpiresAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), SignUp: domain.SignUp{At: signedUp, Network: "192.0.2.1"},
	})(db.Challenges().ByID(t.Context(), id))
}

func hasRowsOfVersion3(t *testing.T, db *bunstore.DB) {
	t.Helper()
	signedUp := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	is(t, domain.User{ID: uuid.MustParse("01900000-0000-7000-8000-000000000003"), Email: domain.Email{Address: "Cyd@example.com", Key: "cyd@example.com"},
		FirstName: "Сид", Status: domain.StatusUnverified, Role: domain.RoleAdmin, Locale: domain.LocaleEnglish, PasswordVersion: 1,
		UnverifiedUntil: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), InvitedBy: uuid.MustParse("01900000-0000-7000-8000-000000000001"), LegacyID: "17",
		Custom:  domain.CustomFields{Profile: domain.StoredFields(`{"a":1.10}`), AppData: domain.StoredFields(`{"b":[true]}`)},
		Version: 1, CreatedAt: signedUp, UpdatedAt: signedUp,
	})(db.Users().ByID(t.Context(), uuid.MustParse("01900000-0000-7000-8000-000000000003")))
	findsUsers(t, db, "СИД", "Cyd@example.com")
}

// findsUsers looks users up by a prefix.
func findsUsers(t *testing.T, db *bunstore.DB, text string, want ...string) {
	t.Helper()
	prefix, err := domain.ParsePrefix(text)
	if err != nil {
		t.Fatal(err)
	}
	page, err := db.Users().List(t.Context(), domain.UserQuery{UserFilter: domain.UserFilter{Prefix: prefix}, Sort: domain.SortEmail, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, u := range page.Users {
		found = append(found, u.Email.Address)
	}
	if !slices.Equal(found, want) {
		t.Errorf("%s finds %q, want %q", text, found, want)
	}
}

func TestMigrate_GivesSearchKeysToAllUsersOfEarlierVersions(t *testing.T) {
	onEngines(t, func(t *testing.T, cfg bunstore.Config) {
		db := open(t, cfg)
		migrate(t, db)
		const many = 1203 // more than two batches
		err := db.InTx(t.Context(), func(tx ports.Store) error {
			for i := range many {
				email, err := domain.ParseEmail(fmt.Sprintf("user%d@example.com", i))
				if err != nil {
					return err
				}
				u := domain.NewUser(uuid.Must(uuid.NewV7()), email, domain.PasswordHash{}, domain.LocaleEnglish, time.Now())
				u.FirstName = "Ёлка"
				if _, err := tx.Users().CreateSignUp(t.Context(), u); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "UPDATE users SET search_email = '', search_first_name = '', search_last_name = ''")
			return err
		})
		migrate(t, db)
		findsUsers(t, db, "user1202", "user1202@example.com")
		var left, folded int
		pastTheStore(t, cfg, func(ctx context.Context, db *sql.DB) error {
			return db.QueryRowContext(ctx, "SELECT sum(CASE WHEN search_email = '' THEN 1 ELSE 0 END), sum(CASE WHEN search_first_name = 'ёлка' THEN 1 ELSE 0 END) FROM users").Scan(&left, &folded)
		})
		if left != 0 || folded != many {
			t.Errorf("%d users have no keys, and %d the right one", left, folded)
		}
	})
}

func is[T comparable](t *testing.T, want T) func(got T, err error) {
	t.Helper()
	return func(got T, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
}
