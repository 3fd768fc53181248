package e2e_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coffeeshop/adapters/httpapi"
)

// operations are all that the service offers, as "METHOD /path", with whether a token is asked for.
func operations(t *testing.T) map[string]bool {
	t.Helper()
	raw, err := httpapi.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct{ Security []map[string][]string }
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			all[strings.ToUpper(method)+" "+path] = len(operation.Security) > 0
		}
	}
	return all
}

// try calls an operation on a user and one of its sessions.
func (s *service) try(t *testing.T, operation, token, user, session string) answer {
	t.Helper()
	method, path, _ := strings.Cut(operation, " ")
	path = strings.NewReplacer("{id}", user, "{session_id}", session).Replace(path)
	body := map[string]map[string]any{
		"PATCH /users/{id}":            {"first_name": "X"},
		"POST /users/{id}/block":       {},
		"PUT /users/me/password":       {"current_password": password, "new_password": newPassword},
		"POST /users/me/email/confirm": {"code": "000000"},
		"POST /users/me/delete":        {"current_password": password},
	}[operation]
	if body == nil {
		return s.call(t, method, path, token, nil)
	}
	return s.call(t, method, path, token, body)
}

const nobody = "00000000-0000-4000-8000-000000000000"

func TestAuthorization_EveryOperationAsksForATokenButThoseThatTheDocumentNames(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	document, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	open := []string{}
	for operation, secured := range operations(t) {
		if secured {
			s.try(t, operation, "", nobody, nobody).want(t, 401, "token_missing")
			continue
		}
		open = append(open, operation)
		if !bytes.Contains(document, []byte("`"+operation+"`")) {
			t.Errorf("docs/security.md does not name %s", operation)
		}
	}
	slices.Sort(open)
	if want := []string{
		"GET /.well-known/jwks.json", "GET /healthz", "GET /readyz", "POST /auth/forgot-password", "POST /auth/login", "POST /auth/logout",
		"POST /auth/refresh", "POST /auth/resend", "POST /auth/reset-password", "POST /auth/signup", "POST /auth/token", "POST /auth/verify",
	}; !slices.Equal(open, want) {
		t.Errorf("open are %q", open)
	}
}

func TestAuthorization_WhatIsAnotherUsersOrAnAdminsIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	other := s.verified(t, "bob@example.com")
	s.verified(t, "ada@example.com")
	token := s.login(t, "ada@example.com", password).Access
	theirs := s.login(t, "bob@example.com", password).Access
	var list struct{ Sessions []struct{ ID string } }
	s.call(t, "GET", "/users/me/sessions", theirs, nil).want(t, 200, "").into(t, &list)
	session := list.Sessions[0].ID
	tried := 0
	for operation, secured := range operations(t) {
		if !secured || !strings.Contains(operation, "{id}") && operation != "GET /users" {
			continue
		}
		tried++
		for _, user := range []string{other.ID, nobody} { // and nothing tells whether there is such a user
			if a := s.try(t, operation, token, user, session); a.status != 403 || a.code() != "admin_only" && a.code() != "not_your_account" {
				t.Errorf("%s of another user answered %s", operation, a)
			}
		}
	}
	if tried < 9 {
		t.Errorf("tried %d operations", tried)
	}
	s.call(t, "DELETE", "/users/me/sessions/"+session, token, nil).want(t, 404, "session_not_found")
	s.call(t, "GET", "/users/me", theirs, nil).want(t, 200, "")
}

func TestAuthorization_FieldsAreReadAndWrittenByTheirRulesOnly(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	u := s.verified(t, "ada@example.com")
	token := s.login(t, "ada@example.com", password).Access
	admin := s.login(t, adminEmail, adminPassword).Access
	for name, value := range map[string]any{
		"id": nobody, "status": "verified", "pending_email": "eve@example.com", "blocked": false, "block_reason": "x", "blocked_until": nil, "version": 1, "created_at": "2026-01-01T00:00:00Z",
		"updated_at": "2026-01-01T00:00:00Z", "password": password, "password_hash": "x", "locale": "ru", "unverified_until": nil, "isAdmin": true,
	} {
		for _, who := range []string{token, admin} {
			s.call(t, "PATCH", "/users/"+u.ID, who, map[string]any{name: value}).want(t, 422, "invalid_input")
		}
		if name != "password" {
			s.call(t, "POST", "/auth/signup", "", map[string]any{"email": "eve@example.com", "password": password, name: value}).want(t, 422, "invalid_input")
		}
	}
	s.call(t, "POST", "/auth/signup", "", map[string]any{"email": "eve@example.com", "password": password, "role": "admin"}).want(t, 422, "invalid_input")
	s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"role": "admin"}).want(t, 403, "role_change_denied")
	s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"first_name": "Ada", "role": "admin"}).want(t, 403, "role_change_denied")

	want := []string{"block_reason", "blocked", "blocked_until", "created_at", "email", "first_name", "id", "last_name", "pending_email", "role", "status", "updated_at"}
	for path, who := range map[string]string{"/users/me": token, "/users/" + u.ID: admin} {
		members := s.call(t, "GET", path, who, nil).want(t, 200, "").members(t)
		if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) {
			t.Errorf("%s has %q", path, got)
		}
		if members["first_name"] != nil || members["role"] != "user" {
			t.Errorf("%s is %v", path, members)
		}
	}
}

func TestSecrets_AreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.verified(t, "ada@example.com")
	pair := s.login(t, "ada@example.com", password)
	s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 200, "")
	s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": "ada@example.com"}).want(t, 202, "")
	_, long := s.codes(t, "ada@example.com", 2)
	secrets := map[string]string{"a password": password, "the admin's password": adminPassword, "a code": long}
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
}

func TestAuthorization_ANewServiceHasNoAccounts(t *testing.T) {
	onEachEngine(t, map[string]string{"ADMIN_EMAIL": "", "ADMIN_PASSWORD": ""}, func(t *testing.T, s *service, _ *clock) {
		driver, source := "sqlite", s.Config.SQLitePath()
		if source == "" {
			driver, source = "pgx", s.Config.PostgresURL().Reveal()
		}
		db, err := sql.Open(driver, source)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var users int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&users); err != nil || users != 0 {
			t.Errorf("%d users, %v", users, err)
		}
	})
}
