package e2e_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"coffeeshop/adapters/httpapi"
)

// operations are all that the service offers, as "METHOD /path", with whether a token is asked for.
func operations(t *testing.T) map[string]bool {
	t.Helper()
	raw := httpapi.OpenAPI(httpapi.Config{Version: "test"})
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
		"POST /users":                  {"email": "guest-" + user + "@example.com"},
		"PUT /users/me/password":       {"current_password": password, "new_password": newPassword},
		"POST /users/me/email/confirm": {"code": "000000"},
		"POST /users/me/delete":        {"current_password": password},
		"DELETE /users/me":             {"current_password": password},
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
		"updated_at": "2026-01-01T00:00:00Z", "password": password, "password_hash": "x", "unverified_until": nil, "isAdmin": true,
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

	s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"first_name": "Ada", "last_name": "King"}).want(t, 200, "")
	s.call(t, "PATCH", "/users/"+u.ID, admin, map[string]any{"first_name": nil, "last_name": "Lovelace"}).want(t, 200, "")

	want := []string{"app_data", "block_reason", "blocked", "blocked_until", "created_at", "email", "first_name", "id", "invited", "last_name", "legacy_id", "locale", "pending_email", "profile", "role", "status", "updated_at"}
	for path, who := range map[string]string{"/users/me": token, "/users/" + u.ID: admin} {
		members := s.call(t, "GET", path, who, nil).want(t, 200, "").members(t)
		if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) {
			t.Errorf("%s has %q", path, got)
		}
		if members["first_name"] != nil || members["last_name"] != "Lovelace" || members["role"] != "user" {
			t.Errorf("%s is %v", path, members)
		}
	}
	fields := section(t, "| field |")
	for _, name := range want {
		if !strings.Contains(fields, "`"+name+"`") {
			t.Errorf("docs/security.md does not say who reads and writes %s", name)
		}
	}
	want = []string{"created_at", "current", "expires_at", "id", "ip", "last_used_at", "user_agent"}
	var list struct{ Sessions []map[string]any }
	s.call(t, "GET", "/users/me/sessions", token, nil).want(t, 200, "").into(t, &list)
	if got := slices.Sorted(maps.Keys(list.Sessions[0])); !slices.Equal(got, want) {
		t.Errorf("a session has %q", got)
	}
}

// section is what follows a mark in docs/security.md, up to an empty line.
func section(t *testing.T, mark string) string {
	t.Helper()
	document, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(document), mark)
	if !found {
		t.Fatalf("docs/security.md has no %q", mark)
	}
	text, _, _ := strings.Cut(rest, "\n\n")
	return text
}

// Each cell of the table of functions in docs/security.md is tried, and each operation that takes a token is in it.
func TestAuthorization_TheTableOfWhoMayDoWhatIsTrue(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"RATE_LIMITS": "off"})
	admin := s.login(t, adminEmail, adminPassword).Access
	s.verified(t, "bob@example.com")
	another := s.login(t, "bob@example.com", password).Access
	left := operations(t)
	maps.DeleteFunc(left, func(_ string, secured bool) bool { return !secured })
	for i, row := range strings.Split(section(t, "| function |"), "\n")[2:] {
		cells := strings.Split(row, "|") // the first one is empty
		for n, operation := range functionPattern.FindAllString(cells[1], -1) {
			operation = strings.Trim(operation, "`")
			if !left[operation] {
				t.Errorf("there is no %s, or it is in the table twice", operation)
			}
			delete(left, operation)
			email := fmt.Sprintf("u%d-%d@example.com", i, n)
			u := s.verified(t, email)
			self := s.login(t, email, password).Access
			var list struct{ Sessions []struct{ ID string } }
			s.call(t, "GET", "/users/me/sessions", self, nil).want(t, 200, "").into(t, &list)
			for _, c := range []struct{ who, token, cell string }{{"another user", another, cells[3]}, {"self", self, cells[2]}, {"an admin", admin, cells[4]}} {
				if c.who != "self" && !strings.Contains(operation, "{id}") && !slices.Contains([]string{"GET /users", "GET /users/count", "POST /users", "GET /audit-events"}, operation) {
					continue // it is about the caller
				}
				a := s.try(t, operation, c.token, u.ID, list.Sessions[0].ID)
				if allowed := a.status != 401 && a.code() != "admin_only" && a.code() != "not_your_account"; allowed != !strings.HasPrefix(c.cell, " no ") {
					t.Errorf("%s, for %s %q, answered %s", operation, c.who, c.cell, a)
				}
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("not in the table: %q", slices.Sorted(maps.Keys(left)))
	}
}

var functionPattern = regexp.MustCompile("`[A-Z]+ /[^`]+`")

// What can be sent is what the document describes: there is no hint, no secret question, and nobody but the holder of
// a code or of the present password sends a new one.
func TestAuthorization_RequestsHaveTheseFieldsOnly(t *testing.T) {
	t.Parallel()
	raw := httpapi.OpenAPI(httpapi.Config{Version: "test"})
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			for mediaType, content := range operation.RequestBody.Content {
				if mediaType == "application/merge-patch+json" {
					continue // the same as JSON
				}
				schema := document.Components.Schemas[strings.TrimPrefix(content.Schema.Ref, "#/components/schemas/")]
				got[strings.ToUpper(method)+" "+path] += strings.Join(slices.Sorted(maps.Keys(schema.Properties)), " ")
			}
		}
	}
	want := map[string]string{
		"POST /auth/signup":            "email first_name last_name password",
		"POST /auth/verify":            "code email id password",
		"POST /auth/resend":            "email id",
		"POST /auth/login":             "email password",
		"POST /auth/token":             "grant_type password refresh_token username",
		"POST /auth/refresh":           "refresh_token",
		"POST /auth/logout":            "refresh_token",
		"POST /auth/forgot-password":   "email",
		"POST /auth/reset-password":    "code email new_password",
		"PUT /users/me/password":       "current_password new_password",
		"POST /users/me/email/confirm": "code",
		"POST /users/me/delete":        "current_password",
		"DELETE /users/me":             "current_password",
		"PATCH /users/me":              "app_data current_password email first_name last_name locale profile role",
		"PATCH /users/{id}":            "app_data current_password email first_name last_name locale profile role",
		"POST /users/{id}/block":       "reason until",
		"POST /users":                  "email first_name last_name locale role",
	}
	if !maps.Equal(got, want) {
		t.Errorf("requests have %q, want %q", got, want)
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
