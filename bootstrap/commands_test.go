package bootstrap_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
)

const (
	email    = "ann@example.org"
	password = "a long password"
)

func TestServe_SecondStartContinuesWithTheSameDataAndTokens(t *testing.T) {
	s := newSite(t)
	first := s.serve()
	first.join(email, password)
	tokens := first.login(email, password)
	first.stop(syscall.SIGTERM)

	second := s.serve()
	if me := second.want(200, "GET", "/users/me", tokens.text("access_token"), nil); me.text("email") != email {
		t.Errorf("somebody else: %v", me.body)
	}
	second.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": tokens.text("refresh_token")})
	second.login(email, password)
	second.stop(syscall.SIGINT)
}

func TestServe_WrongConfigurationIsToldWholeAndEndsTheStart(t *testing.T) {
	s := newSite(t, "BCRYPT_COST=many", "SECRET_KEY=sesame", "RUN_JOBS=maybe")
	p := s.run("")
	lines := strings.Split(strings.TrimSpace(p.err.String()), "\n")
	if p.exit() != 1 || len(lines) != 4 || lines[0] != "coffeeshop: the configuration is not valid" {
		t.Fatalf("exit code %d, told %q", p.exit(), lines)
	}
	for _, want := range []string{"\nBCRYPT_COST: ", "\nSECRET_KEY: ", "\nRUN_JOBS: "} {
		if !strings.Contains(p.err.String(), want) {
			t.Errorf("%q is missing in %q", want, p.err.String())
		}
	}
	if strings.Contains(p.err.String(), "sesame") {
		t.Error("the secret was told")
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestServe_TakenPortIsAFailureInOneLine(t *testing.T) {
	s := newSite(t)
	c := s.serve()
	p := s.spawn("", []string{"HTTP_ADDR=" + strings.TrimPrefix(c.url, "http://")})
	if p.exit() != 1 || strings.Count(p.err.String(), "\n") != 1 || !strings.HasPrefix(p.err.String(), "coffeeshop: HTTP_ADDR: ") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
	c.want(200, "GET", "/readyz", "", nil)
}

func TestServe_ReadsDotEnvAndTheEnvironmentWins(t *testing.T) {
	s := newSite(t)
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(s.dir, ".env"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("DATA_DIR=elsewhere\nBCRYPT_COST=wrong, but the environment has another\n")
	c := s.serve()
	if !strings.Contains(c.out.String(), "SQLite, elsewhere/coffeeshop.db") {
		t.Errorf("another database: %s", c.out.String())
	}
	c.stop(syscall.SIGTERM)
	write("SECRET_KEY=\"sesame\nnonsense\x00 here\n")
	p := s.run("")
	if p.exit() != 1 || !strings.HasPrefix(p.err.String(), "coffeeshop: .env: cannot be understood") || strings.Contains(p.err.String(), "sesame") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
}

func TestServe_MailOfAnAnsweredSignUpGoesOutAfterAKill(t *testing.T) {
	s := newSite(t)
	first := s.serve("RUN_JOBS=false") // so that the mail cannot have gone out before the kill
	first.signUp(email, password)
	first.signal(syscall.SIGKILL)
	first.exit()

	second := s.serve()
	second.verify(email, second.code(email))
	second.login(email, password)
}

func TestServe_TwoProcessesShareASQLiteFile(t *testing.T) {
	s := newSite(t)
	a, b := s.spawn("", nil), s.spawn("", nil) // both make the secret and the schema
	one, other := a.client(), b.client()
	var both sync.WaitGroup
	for i, c := range []*client{one, other} {
		both.Go(func() {
			for j := range 10 {
				c.signUp(strings.Repeat("x", 1+10*i+j)+"@example.org", password)
			}
		})
	}
	both.Wait()
	one.signUp(email, password)
	other.verify(email, other.code(email))
	tokens := other.login(email, password)
	one.want(200, "GET", "/users/me", tokens.text("access_token"), nil)
	one.stop(syscall.SIGTERM)
	other.want(200, "GET", "/readyz", "", nil)
	other.stop(syscall.SIGTERM)
}

func TestServe_ReplicasStartTogetherOnPostgreSQL(t *testing.T) {
	s := newSite(t, "DATABASE_URL="+pgtest.New(t))
	a, b := s.spawn("", nil), s.spawn("", nil)
	one, other := a.client(), b.client()
	if !strings.Contains(one.out.String(), "Database  PostgreSQL, ") {
		t.Errorf("another database: %s", one.out.String())
	}
	one.signUp(email, password)
	other.verify(email, other.code(email))
	tokens := other.login(email, password)
	one.want(200, "GET", "/users/me", tokens.text("access_token"), nil)
	one.stop(syscall.SIGTERM)
	other.stop(syscall.SIGTERM)
}

func TestMigrate_IsForAnotherProcessToDoWithoutAutoMigrate(t *testing.T) {
	s := newSite(t, "AUTO_MIGRATE=false", "ADMIN_EMAIL=root@example.org", "ADMIN_PASSWORD="+password)
	c := s.serve()
	c.want(200, "GET", "/healthz", "", nil)
	c.want(503, "GET", "/readyz", "", nil)
	if !strings.Contains(c.err.String(), "not ready") {
		t.Errorf("no warning: %s", c.err.String())
	}
	if p := s.run("", "migrate", "status"); p.exit() != 0 || strings.Count(p.out.String(), "pending") < 2 {
		t.Errorf("status: exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}
	p := s.run(password, "admin", "create", "--email", email, "--password-stdin")
	if p.exit() != 1 || !strings.Contains(p.err.String(), `run "migrate up"`) {
		t.Errorf("admin create: exit code %d, %q", p.exit(), p.err.String())
	}

	if p := s.run("", "migrate", "up"); p.exit() != 0 {
		t.Fatalf("up: exit code %d, %s", p.exit(), p.err.String())
	}
	c.want(200, "GET", "/readyz", "", nil)
	c.join(email, password) // the worker has started meanwhile
	c.login("root@example.org", password)
	if p := s.run("", "migrate", "status"); p.exit() != 0 || strings.Contains(p.out.String(), "pending") {
		t.Errorf("status: exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}

	if p := s.run("", "migrate", "down", "--yes"); p.exit() != 0 {
		t.Fatalf("down: exit code %d, %s", p.exit(), p.err.String())
	}
	c.want(503, "GET", "/readyz", "", nil)
	c.stop(syscall.SIGTERM)
}

func TestAdmin_IsMadeWhileTheServerRuns(t *testing.T) {
	s := newSite(t)
	c := s.serve()
	create := func(email, password string) *process {
		return s.run(password+"\n", "admin", "create", "--email", email, "--password-stdin")
	}
	if p := create(email, password); p.exit() != 0 || p.out.String() != email+" is an admin now.\n" {
		t.Fatalf("exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}
	c.want(200, "GET", "/users", c.login(email, password).text("access_token"), nil)

	if p := create(email, "another password"); p.exit() != 1 || !strings.Contains(p.err.String(), "belongs to an admin already") {
		t.Errorf("once more: exit code %d, %q", p.exit(), p.err.String())
	}
	c.login(email, password)

	c.join("bob@example.org", password)
	if p := create("bob@example.org", "another password"); p.exit() != 1 || !strings.Contains(p.err.String(), "admin promote --email") {
		t.Errorf("a user's address: exit code %d, %q", p.exit(), p.err.String())
	}
	if p := s.run("", "admin", "promote", "--email", "bob@example.org"); p.exit() != 0 {
		t.Errorf("promote: exit code %d, %q", p.exit(), p.err.String())
	}
	c.want(200, "GET", "/users", c.login("bob@example.org", password).text("access_token"), nil)
	if p := create("eve@example.org", "short"); p.exit() != 1 || p.err.String() != "coffeeshop: the password must have at least 8 characters\n" {
		t.Errorf("a short password: exit code %d, %q", p.exit(), p.err.String())
	}
}

func TestAdmin_OfCommandsAtTheSameTimeOneWins(t *testing.T) {
	s := newSite(t)
	var commands [4]*process
	for i := range commands { // on a system that is not even set up
		commands[i] = s.spawn(password, nil, "admin", "create", "--email", email, "--password-stdin")
	}
	won := 0
	for _, p := range commands {
		if p.exit() == 0 {
			won++
		} else if !strings.Contains(p.err.String(), "belongs to an admin already") {
			t.Errorf("exit code %d, %q", p.exit(), p.err.String())
		}
	}
	if won != 1 {
		t.Errorf("%d commands made the admin", won)
	}
	s.serve().login(email, password)
}

func TestHealth_TellsByItsExitCode(t *testing.T) {
	s := newSite(t)
	c := s.serve()
	at := "HTTP_ADDR=" + strings.TrimPrefix(c.url, "http://")
	// Other variables may be wrong for this command: it asks for nothing but the address.
	if p := s.spawn("", []string{at, "APP_ENV=production"}, "health"); p.exit() != 0 || p.err.String() != "" {
		t.Errorf("exit code %d, %q", p.exit(), p.err.String())
	}
	c.stop(syscall.SIGTERM)
	if p := s.spawn("", []string{at}, "health"); p.exit() != 1 || strings.Count(p.err.String(), "\n") != 1 {
		t.Errorf("nobody there: exit code %d, %q", p.exit(), p.err.String())
	}
}

func TestConfig_PrintsEveryVariableAndItsMistakes(t *testing.T) {
	s := newSite(t, "SECRET_KEY=0123456789abcdef0123456789abcdef", "HTTP_ADR=:1")
	p := s.run("", "config")
	for _, want := range []string{"BCRYPT_COST=4\n    Default: 12. The work of one hash", "SECRET_KEY=[redacted]\n", "Warning: HTTP_ADR in the environment"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, p.out.String())
		}
	}
	if p.exit() != 0 || strings.Contains(p.out.String(), "0123456789") {
		t.Errorf("exit code %d, %s", p.exit(), p.out.String())
	}
	s.environ = append(s.environ, "DB_PORT=many")
	if p := s.run("", "config"); p.exit() != 1 || !strings.Contains(p.err.String(), "DB_PORT") || !strings.Contains(p.out.String(), "BCRYPT_COST=4\n") {
		t.Errorf("a wrong value: exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}
}

func TestCommands_NeedNoConfiguration(t *testing.T) {
	s := newSite(t, "BCRYPT_COST=wrong")
	if p := s.run("", "openapi"); p.exit() != 0 || !strings.Contains(p.out.String(), `"openapi": "3.1`) {
		t.Errorf("openapi: exit code %d, %s", p.exit(), p.err.String())
	}
	for _, args := range [][]string{{"version"}, {"--help"}, {"admin", "create", "--help"}} {
		if p := s.run("", args...); p.exit() != 0 || p.out.String() == "" {
			t.Errorf("%v: exit code %d, %s", args, p.exit(), p.err.String())
		}
	}
	if p := s.run("", "brew"); p.exit() != 2 {
		t.Errorf("an unknown command: exit code %d", p.exit())
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
