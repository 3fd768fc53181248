package bootstrap_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/argon2"

	"coffeeshop/adapters/bunstore/pgtest"
)

// ok runs a command that has to succeed, and returns what it printed.
func (s *site) ok(stdin string, args ...string) string {
	s.t.Helper()
	p := s.run(stdin, args...)
	if p.exit() != 0 {
		s.t.Fatalf("%q: exit code %d, told %q", args, p.exit(), p.err.String())
	}
	return p.out.String()
}

// argonHash is the hash that another system made of the password.
func argonHash() string {
	b, salt := base64.RawStdEncoding, []byte("saltsaltsalt")
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", b.EncodeToString(salt), b.EncodeToString(argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)))
}

// People who move with an export log in with the passwords that they have.
func TestUsers_ExportedWithHashesLogInAfterTheImportIntoTheOtherEngine(t *testing.T) {
	lite := newSite(t)
	server := lite.serve()
	server.join(email, password)
	lite.ok(`{"email":"argon@example.org","status":"verified","password_hash":"`+argonHash()+`","legacy_id":"17","profile":{"n":1.10}}`, "users", "import", "-")
	dump := lite.ok("", "users", "export", "--with-hashes")
	if plain := lite.ok("", "users", "export"); strings.Contains(plain, "hash") || !strings.Contains(plain, email) {
		t.Errorf("the export without hashes is %s", plain)
	}
	server.stop(syscall.SIGTERM)

	big := anotherSite(t, "DATABASE_URL="+pgtest.New(t))
	for _, want := range []string{"2 lines: 2 added", "2 lines: 0 added, 0 updated, 2 skipped"} {
		if told := big.ok(dump, "users", "import", "-"); !strings.HasPrefix(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	}
	server = big.serve()
	for _, address := range []string{email, "argon@example.org", "argon@example.org"} {
		server.login(address, password)
	}
	again := big.ok("", "users", "export", "--with-hashes")
	if strings.Contains(again, "argon2id") {
		t.Error("the hash of another system is still there after the login")
	}
	if strings.Count(again, "\n") != 2 || !strings.Contains(again, `"profile":{"n":1.10}`) || !strings.Contains(again, `"legacy_id":"17"`) {
		t.Errorf("exported %s", again)
	}
	server.stop(syscall.SIGTERM)

	back := anotherSite(t)
	back.ok(again, "users", "import", "-")
	server = back.serve()
	server.login(email, password)
	server.login("argon@example.org", password)
	server.stop(syscall.SIGTERM)
}

func TestUsers_AreListedAndManagedAtTheTerminal(t *testing.T) {
	s := newSite(t)
	server := s.serve()
	server.join(email, password)
	token := server.login(email, password).text("access_token")
	s.ok(password+"\n", "admin", "create", "--email", "boss@example.org", "--password-stdin")
	if list := s.ok("", "users", "list", "--sort", "email"); strings.Count(list, "\n") != 2 || strings.Index(list, email) > strings.Index(list, "boss@") {
		t.Errorf("listed %s", list)
	}
	if admins := s.ok("", "admin", "list", "--json"); strings.Count(admins, "\n") != 1 || !strings.Contains(admins, "boss@example.org") {
		t.Errorf("admins are %s", admins)
	}
	var shown struct{ ID, Email, Status string }
	if err := json.Unmarshal([]byte(s.ok("", "users", "show", email, "--json")), &shown); err != nil || shown.Email != email || shown.Status != "verified" {
		t.Errorf("shown %+v, %v", shown, err)
	}
	s.ok("", "users", "block", shown.ID, "--reason", "a test")
	server.want(401, "GET", "/users/me", token, nil)
	if blocked := s.ok("", "users", "list", "--blocked"); !strings.Contains(blocked, email) {
		t.Errorf("blocked are %s", blocked)
	}
	s.ok("", "users", "unblock", email)
	server.login(email, password)
	if p := s.run("", "users", "delete", email); p.exit() != 1 || !strings.Contains(p.err.String(), "--yes") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
	if p := s.run("", "users", "block", "boss@example.org"); p.exit() != 1 || !strings.Contains(p.err.String(), "admin") {
		t.Errorf("the last admin: exit code %d, told %q", p.exit(), p.err.String())
	}
	s.ok("", "users", "delete", email, "--yes")
	if p := s.run("", "users", "show", email); p.exit() != 1 || !strings.Contains(p.err.String(), "no such user") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
	server.stop(syscall.SIGTERM)
}

func TestUsers_AnImportThatIsInterruptedSaysHowFarItCameAndIsRunAgain(t *testing.T) {
	s := newSite(t)
	s.ok("", "migrate", "up")
	var text strings.Builder
	const many = 4000 // eight transactions
	for i := range many {
		fmt.Fprintf(&text, "{\"email\":\"user%d@example.org\",\"status\":\"verified\"}\n", i)
	}
	file := filepath.Join(s.dir, "users.jsonl")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := s.spawn("", nil, "users", "import", file)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "data", "coffeeshop.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p.until("some users are there", func() bool {
		var n int
		return db.QueryRowContext(t.Context(), "SELECT count(*) FROM users").Scan(&n) == nil && n > 0
	})
	p.signal(syscall.SIGINT)
	var lines, added int
	if _, err := fmt.Sscanf(endOf(p), "%d lines: %d added", &lines, &added); err != nil || p.exit() != 1 || added == 0 || added == many || !strings.Contains(p.err.String(), "run it again") {
		t.Fatalf("printed %q, told %q, %v", p.out.String(), p.err.String(), err)
	}
	if told, want := s.ok("", "users", "import", file), fmt.Sprintf("%d lines: %d added, 0 updated, %d skipped, 0 bad.\n", many, many-added, added); told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// endOf waits for the end of a process and returns what it printed.
func endOf(p *process) string {
	p.exit()
	return p.out.String()
}
