package e2e_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestSecrets_AreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.verified(t, "ada@example.com")
	pair := s.login(t, "ada@example.com", password)
	s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 200, "")
	s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": "ada@example.com"}).want(t, 202, "")
	digits, long := s.codes(t, "ada@example.com", 2)
	s.settle(t) // what the worker writes about the mail is there
	key, err := os.ReadFile(filepath.Join(s.Config.DataDir, "secret_key"))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"a password": password, "the admin's password": adminPassword, "a code": long, "the key of codes": strings.TrimSpace(string(key))}
	for name, token := range map[string]string{"an access token": pair.Access, "a refresh token": pair.Refresh} {
		secrets[name] = token[strings.LastIndexByte(token, '.')+1:]
	}
	files, err := filepath.Glob(s.Config.SQLitePath() + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no database: %v", err)
	}
	seen := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || bytes.Contains(data, []byte("ada@example.com"))
		for name, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s is in %s", name, filepath.Base(file))
			}
		}
	}
	if !seen {
		t.Error("the address is not there either: this test looks in the wrong place")
	}
	// Six digits may be anywhere in a file by chance, but not as a number of their own.
	alone := regexp.MustCompile(`(^|[^0-9.])` + digits + `($|[^0-9])`)
	for _, value := range s.stored(t) {
		if alone.MatchString(value) {
			t.Errorf("the digits are in %q", value)
		}
	}
}

// stored are the values of all columns of all rows.
func (s *service) stored(t *testing.T) []string {
	t.Helper()
	db, err := sql.Open("sqlite", s.Config.SQLitePath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var values []string
	for _, table := range texts(t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'") {
		for _, column := range texts(t, db, "SELECT name FROM pragma_table_info('"+table+"')") {
			values = append(values, texts(t, db, `SELECT CAST("`+column+`" AS text) FROM "`+table+`" WHERE "`+column+`" IS NOT NULL`)...)
		}
	}
	return values
}

// texts are the rows of a query for one text.
func texts(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSecrets_CodesComeFromRandomIDs(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	u := s.verified(t, "ada@example.com")
	token := s.login(t, "ada@example.com", password).Access
	s.signUp(t, "new@example.com")
	s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": "ada@example.com"}).want(t, 202, "")
	s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"email": "lovelace@example.com", "current_password": password}).want(t, 200, "")
	db, err := sql.Open("sqlite", s.Config.SQLitePath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ids := texts(t, db, "SELECT id FROM challenges")
	if len(ids) != 3 {
		t.Errorf("%d challenges", len(ids))
	}
	for _, id := range ids {
		if uuid.MustParse(id).Version() != 4 {
			t.Errorf("%s is not random", id)
		}
	}
}
