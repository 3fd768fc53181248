package othersystems_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"encoding/base64"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/othersystems"
	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const password = "correct horse battery"

// other is the database of another system.
func other(t *testing.T, schema string) domain.Secret {
	t.Helper()
	text, err := os.ReadFile("testdata/" + schema + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	b, salt := base64.RawStdEncoding, []byte("saltsaltsalt")
	argon := fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", b.EncodeToString(salt), b.EncodeToString(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)))
	url := pgtest.New(t)
	execute(t, url, strings.NewReplacer("{hash}", strings.Replace(string(hash), "$2a$", "$2b$", 1), "{argon}", argon).Replace(string(text)))
	return domain.NewSecret(url)
}

func execute(t *testing.T, url, text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// imported imports a system's users twice, and returns the store and what was reported.
func imported(t *testing.T, url domain.Secret, schema string, first transfer.Summary) (*bunstore.DB, []transfer.BadLine) {
	t.Helper()
	db, err := bunstore.Open(t.Context(), bunstore.Config{SQLitePath: filepath.Join(t.TempDir(), "test.db")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	to := transfer.New(transfer.Deps{Store: db, CheckHash: bcrypthash.Check, Now: time.Now, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }})
	users, err := othersystems.Users(url, schema)
	if err != nil {
		t.Fatal(err)
	}
	again := transfer.Summary{Lines: first.Lines, Skipped: first.Added, Bad: first.Bad}
	var bad []transfer.BadLine
	for _, want := range []transfer.Summary{first, again} {
		bad = nil
		done, err := to.Import(t.Context(), users, transfer.Options{Conflict: transfer.ConflictSkip,
			Report: func(b transfer.BadLine) { bad = append(bad, b) }, Progress: func(transfer.Summary) {}})
		if err != nil || done != want {
			t.Errorf("%+v, %v, want %+v; reported %v", done, err, want, bad)
		}
	}
	return db, bad
}

func user(t *testing.T, db *bunstore.DB, email string) domain.User {
	t.Helper()
	u, err := db.Users().ByEmail(t.Context(), email)
	if err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	if u, err = db.Users().ByID(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	return u
}

// opens reports whether the password is that of a user.
func opens(t *testing.T, u domain.User) bool {
	t.Helper()
	hasher, err := bcrypthash.New(bcrypthash.Config{Cost: bcrypthash.MinCost})
	if err != nil {
		t.Fatal(err)
	}
	ok, _, err := hasher.Verify(t.Context(), u.PasswordHash, domain.PasswordToTry(password))
	if err != nil {
		t.Error(err)
	}
	return ok
}

func TestUsers_OfTheFastAPIServiceKeepTheirPasswordsAndIDs(t *testing.T) {
	t.Parallel()
	db, bad := imported(t, other(t, "fastapi"), "fastapi", transfer.Summary{Lines: 4, Added: 3, Bad: 1})
	ada, bob, dan := user(t, db, "ada@example.com"), user(t, db, "bob@example.com"), user(t, db, "dan@example.com")
	if ada.LegacyID != "7" || !ada.Verified() || ada.Role != domain.RoleAdmin || ada.FirstName != "Ada" || ada.LastName != "" ||
		ada.Email.Address != "Ada@example.com" || !ada.CreatedAt.Equal(time.Date(2021, 2, 3, 4, 5, 6, 7000, time.UTC)) || !opens(t, ada) {
		t.Errorf("%+v", ada)
	}
	if bob.LegacyID != "9" || bob.Verified() || dan.LegacyID != "4000000000" || dan.Role != domain.RoleUser || !opens(t, bob) || !opens(t, dan) {
		t.Errorf("%+v %+v", bob, dan)
	}
	if len(bad) != 1 || bad[0].Line != 3 || strings.Contains(bad[0].Reason, "plain text") {
		t.Errorf("reported %v", bad)
	}
}

func TestUsers_OfTheFastAPIServiceMayHaveSmallIDsAndGaps(t *testing.T) {
	t.Parallel()
	url := other(t, "fastapi")
	execute(t, url.Reveal(), `DELETE FROM users WHERE id > 2000000000; ALTER TABLE users ALTER COLUMN id TYPE integer,
		ALTER COLUMN status DROP NOT NULL, ALTER COLUMN role DROP NOT NULL; UPDATE users SET role = NULL; UPDATE users SET status = NULL WHERE id = 9`)
	_, bad := imported(t, url, "fastapi", transfer.Summary{Lines: 3, Added: 1, Bad: 2})
	if len(bad) != 2 || bad[0].ID == "" {
		t.Errorf("reported %+v", bad)
	}
}

func TestUsers_OfSupabaseKeepTheirPasswordsAndIDs(t *testing.T) {
	t.Parallel()
	db, bad := imported(t, other(t, "supabase"), "supabase", transfer.Summary{Lines: 7, Added: 4, Bad: 3})
	ada, bob, cyd, dan := user(t, db, "ada@example.com"), user(t, db, "bob@example.com"), user(t, db, "cyd@example.com"), user(t, db, "dan@example.com")
	if ada.ID.String() != "11111111-1111-4111-8111-111111111111" || !ada.Verified() || ada.Blocked || ada.Role != domain.RoleUser || !opens(t, ada) ||
		ada.Custom.Profile.Text() != `{"n":1.10,"name":"Ada"}` || ada.Custom.AppData.Text() != `{"provider":"email"}` || !ada.CreatedAt.Equal(time.Date(2021, 2, 3, 3, 5, 6, 0, time.UTC)) {
		t.Errorf("%+v", ada)
	}
	if !bob.Verified() || !bob.Blocked || !bob.BlockedUntil.IsZero() || !opens(t, bob) || bob.Custom.Profile.Text() != "{}" {
		t.Errorf("%+v", bob)
	}
	if cyd.Verified() || !cyd.Blocked || !cyd.PasswordHash.IsZero() || !cyd.Custom.Profile.IsZero() || !dan.Verified() || dan.Blocked || !dan.PasswordHash.IsZero() {
		t.Errorf("%+v %+v", cyd, dan)
	}
	if fmt.Sprint(bad) != "[the user has no e-mail address the user is anonymous the user is deleted]" || bad[2].Line != 7 {
		t.Errorf("reported %v", bad)
	}
}

func TestUsers_ComeInPagesAndWithAnEarlierSchema(t *testing.T) {
	t.Parallel()
	url := other(t, "supabase")
	execute(t, url.Reveal(), `ALTER TABLE auth.users DROP COLUMN is_anonymous, DROP COLUMN deleted_at; DELETE FROM auth.users;
		INSERT INTO auth.users (id, email, email_confirmed_at) SELECT gen_random_uuid(), 'u' || i || '@example.com', now() FROM generate_series(1, 2001) AS i`)
	users, err := othersystems.Users(url, "supabase")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for r, err := range users(t.Context()) {
		if err != nil || r.Line != len(seen)+1 {
			t.Fatalf("%+v, %v", r, err)
		}
		seen[r.Email] = true
	}
	if len(seen) != 2001 {
		t.Errorf("%d users", len(seen))
	}
}

func TestUsers_SayWhatIsWrongWithoutThePassword(t *testing.T) {
	t.Parallel()
	if _, err := othersystems.Users(domain.NewSecret("postgres://u:hunter2@127.0.0.1:1/x"), "auth0"); err == nil {
		t.Error("an unknown system")
	}
	_, err := othersystems.Users(domain.NewSecret("postgres://u:hunter2@127.0.0.1:x/x"), "fastapi")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1", pgtest.New(t)} { // nobody listens; there is no such table
		users, err := othersystems.Users(domain.NewSecret(url), "fastapi")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range users(t.Context()) {
			if n++; err == nil || errors.As(err, new(transfer.BadLine)) || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
		}
		if n != 1 {
			t.Errorf("%d errors", n)
		}
	}
}
