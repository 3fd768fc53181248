package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"coffeeshop/domain"
)

// script runs commands that only write down how they were called.
type script struct {
	calls    []string
	keys     []Key
	err      error
	out, bad bytes.Buffer
}

func (s *script) run(t *testing.T, stdin string, args ...string) int {
	t.Helper()
	return s.runOn(t, strings.NewReader(stdin), args...)
}

func (s *script) runOn(t *testing.T, in io.Reader, args ...string) int {
	t.Helper()
	note := func(call string) error { s.calls = append(s.calls, call); return s.err }
	admin := func(call, email string) (domain.User, error) {
		return domain.User{Email: domain.Email{Address: email, Key: email}}, note(call)
	}
	return Run(t.Context(), args, Commands{
		Version:     "v1.2.3",
		Licenses:    "MIT\n",
		Serve:       func(context.Context) error { return note("serve") },
		Health:      func(context.Context) error { return note("health") },
		MigrateUp:   func(context.Context) error { return note("up") },
		MigrateDown: func(_ context.Context, version int64) error { return note(fmt.Sprint("down ", version)) },
		MigrationStatus: func(context.Context) (Migrations, error) {
			return Migrations{"SQLite, x.db", []Migration{
				{1, "1.sql", false, time.Unix(0, 0).UTC(), []string{"the table users"}}, {2, "2.sql", false, time.Time{}, []string{"the table a", "the column b of the table c"}},
				{3, "3.sql", true, time.Time{}, nil}, {0, "jobs", false, time.Time{}, nil},
			}}, note("status")
		},
		CreateAdmin: func(_ context.Context, email string, p domain.Secret, locale domain.Locale) (domain.User, error) {
			return admin("create "+email+" "+p.Reveal()+" "+string(locale), email)
		},
		PromoteAdmin: func(_ context.Context, email string) (domain.User, error) { return admin("promote "+email, email) },

		InitMails:    func(dir string) error { return note("init " + dir) },
		PreviewMails: func(dir string) error { return note("preview " + dir) },
		TestMail: func(_ context.Context, to domain.Email, locale domain.Locale) (string, domain.Locale, error) {
			return "The mailbox", "en", note("test " + to.Address + " " + string(locale))
		},
		KeyAlgorithms: []string{"EdDSA", "RS256"},
		GenerateKey:   func(_ context.Context, algorithm string) (string, error) { return "k1", note("generate " + algorithm) },
		ListKeys:      func(context.Context) ([]Key, error) { return s.keys, note("list") },
		RetireKey:     func(_ context.Context, kid string) error { return note("retire " + kid) },

		OpenAPI: func() ([]byte, error) { return []byte("{}\n"), note("openapi") },
	}, Terminal{In: in, Out: &s.out, Err: &s.bad})
}

func TestRun_CallsTheCommand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("of the file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, stdin, call, out string
	}{
		{"", "", "serve", ""},
		{"serve", "", "serve", ""},
		{"health", "", "health", ""},
		{"migrate up", "", "up", "The schema is up to date.\n"},
		{"migrate down --yes", "", "status;down 2", "SQLite, x.db: 2.sql would be taken back. This deletes, with all data in them:\n  the table a\n  the column b of the table c\n2.sql was taken back.\n"},
		{"mails init d", "", "init d", "The templates are in d. Set MAIL_TEMPLATES_DIR to it.\n"},
		{"mails preview d", "", "preview d", "The mails are in d: open index.html.\n"},
		{"mails test a@b.example --locale ru", "", "test a@b.example ru", "The mailbox took over the mail to a@b.example, written in en.\n"},
		{"licenses", "", "", "MIT\n"},
		{"--version", "", "", "v1.2.3\n"},
		{"migrate status", "", "status", "SQLite, x.db\n  1.sql  applied 1970-01-01T00:00:00Z\n  2.sql  applied\n  3.sql  pending\n  jobs   applied\n"},
		{"openapi", "", "openapi", "{}\n"},
		{"version", "", "", "v1.2.3\n"},
		{"keys generate --alg RS256", "", "generate RS256", "k1\n"},
		{"keys retire k1", "", "retire k1", "k1 is retired.\n"},
		{"keys list", "", "list", "There are no keys.\n"},
		{"admin promote --email a@b.example", "", "promote a@b.example", "a@b.example is an admin now.\n"},
		{"admin create --email a@b.example --password-stdin", " two words \n", "create a@b.example  two words  en", "a@b.example is an admin now.\n"},
		{"admin create --locale ru --email a@b.example --password-file " + file, "", "create a@b.example of the file ru", "a@b.example is an admin now.\n"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			var s script
			if code := s.run(t, c.stdin, strings.Fields(c.args)...); code != 0 || s.bad.Len() > 0 {
				t.Fatalf("exit %d, stderr %q", code, s.bad.String())
			}
			if got := strings.Join(s.calls, ";"); got != c.call {
				t.Errorf("called %q, want %q", got, c.call)
			}
			if s.out.String() != c.out {
				t.Errorf("printed %q, want %q", s.out.String(), c.out)
			}
		})
	}
}

func TestRun_WrongCallsExit2AndCallNothing(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"brew", "serve now", "--port 80", "migrate", "migrate sideways", "migrate up twice", "admin", "admin create",
		"admin create --email", "admin promote", "version --loud",
		"admin create --email a@b.example --password-stdin --password-file x", "health there",
		"keys", "keys turn", "keys generate", "keys generate RS256", "keys generate --alg HS256", "keys generate --alg none", "keys list all",
		"keys retire", "keys retire k1 k2", "mails", "mails init", "mails preview a b", "mails test",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var s script
			if code := s.run(t, "", strings.Fields(args)...); code != 2 {
				t.Errorf("exit %d, want 2", code)
			}
			if len(s.calls) > 0 {
				t.Errorf("called %v", s.calls)
			}
			if got := s.bad.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "--help") {
				t.Errorf("stderr %q, want one line that names --help", got)
			}
		})
	}
}

func TestRun_FailuresExit1WithOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		args string
		want string
	}{
		"an outage": {fmt.Errorf("open the database: %w: %w", domain.ErrUnavailable, errors.New("no way:\n\tby a\n\tby b")), "migrate up",
			"coffeeshop: open the database: no way: by a; by b\n"},
		"any": {errors.New("it broke"), "migrate up", "coffeeshop: it broke\n"},
		"a faulty input": {fmt.Errorf("create an admin: %w", domain.Invalid("password", "must have at least 8 characters")),
			"admin create --email a@b.example --password-stdin", "coffeeshop: the password must have at least 8 characters\n"},
		"no folder":   {errors.New("read the key folder: no such directory"), "keys list", "coffeeshop: read the key folder: no such directory\n"},
		"no key":      {errors.New("there is no key"), "keys retire k1", "coffeeshop: there is no key\n"},
		"no room":     {errors.New("no space left"), "keys generate --alg EdDSA", "coffeeshop: no space left\n"},
		"no address":  {nil, "admin create --email ann", "coffeeshop: the email must be an e-mail address\n"},
		"no terminal": {nil, "admin create --email a@b.example", "coffeeshop: there is no terminal to ask for the password: use --password-stdin or --password-file\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script{err: c.err}
			if code := s.run(t, "12345678", strings.Fields(c.args)...); code != 1 {
				t.Errorf("exit %d, want 1", code)
			}
			if s.bad.String() != c.want || s.out.Len() > 0 {
				t.Errorf("stderr %q, want %q; stdout %q", s.bad.String(), c.want, s.out.String())
			}
		})
	}
}

func TestRun_HelpIsEverywhere(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"", "serve", "migrate", "migrate up", "migrate down", "migrate status", "admin", "admin create",
		"admin promote", "openapi", "version", "health", "keys", "keys generate", "keys list", "keys retire"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var s script
			if code := s.run(t, "", append(strings.Fields(args), "--help")...); code != 0 {
				t.Errorf("exit %d", code)
			}
			if len(s.calls) > 0 || !strings.Contains(s.out.String(), "Usage:") {
				t.Errorf("called %v, printed %q", s.calls, s.out.String())
			}
		})
	}
}

func TestKeysList_SaysWhatEachKeyIsFor(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := script{keys: []Key{
		{KID: "new", Algorithm: "EdDSA", CreatedAt: at, Signs: true},
		{KID: "broken", CreatedAt: at, Fault: errors.New("no PEM")},
		{KID: "older", Algorithm: "ES256", CreatedAt: at},
		{KID: "retired", Algorithm: "RS256", CreatedAt: at, EndsAt: at.Add(time.Hour)},
		{KID: "gone", Algorithm: "RS256", CreatedAt: at, EndsAt: at, Ended: true},
	}}
	want := `KID      ALG    CREATED               SIGNS  STATE
new      EdDSA  2026-01-02T03:04:05Z  yes    active
broken   ?      2026-01-02T03:04:05Z  no     unusable: no PEM
older    ES256  2026-01-02T03:04:05Z  no     active
retired  RS256  2026-01-02T03:04:05Z  no     retired, verifies until 2026-01-02T04:04:05Z
gone     RS256  2026-01-02T03:04:05Z  no     ended, its file may be deleted
`
	if code := s.run(t, "", "keys", "list"); code != 0 || s.out.String() != want {
		t.Errorf("exit %d, printed\n%swant\n%s", code, s.out.String(), want)
	}
}

func TestPrompt_AsksTwiceAndRefusesPasswordsThatDiffer(t *testing.T) {
	t.Parallel()
	answers := func(texts ...string) func() ([]byte, error) {
		return func() ([]byte, error) {
			text := texts[0]
			texts = texts[1:]
			return []byte(text), nil
		}
	}
	var out bytes.Buffer
	secret, err := prompt(&out, answers("a b", "a b"))
	if err != nil || secret.Reveal() != "a b" || out.String() != "Password: \nOnce more: \n" {
		t.Errorf("got %v, %v, asked %q", secret.Reveal(), err, out.String())
	}
	if _, err := prompt(&out, answers("a b", "a c")); err == nil {
		t.Error("passwords that differ were taken")
	}
}

func TestMigrateDown_AsksOnATerminalAndNeedsYesElsewhere(t *testing.T) {
	t.Parallel()
	var elsewhere script
	if code := elsewhere.run(t, "yes\n", "migrate", "down"); code != 1 || elsewhere.bad.String() != "coffeeshop: there is no terminal to ask: nothing was changed; use --yes\n" {
		t.Errorf("exit %d, %q", code, elsewhere.bad.String())
	}
	if !slices.Equal(elsewhere.calls, []string{"status"}) {
		t.Errorf("called %q", elsewhere.calls)
	}
	for typed, code := range map[string]int{"yes\n": 0, "y\n": 1, "no\n": 1, "\n": 1, "\x04": 1} {
		terminal, in, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = terminal.Close(); _ = in.Close() })
		if _, err := terminal.WriteString(typed); err != nil {
			t.Fatal(err)
		}
		var s script
		if got := s.runOn(t, in, "migrate", "down"); got != code {
			t.Errorf("%q: exit %d, %s", typed, got, s.bad.String())
		}
		if down := slices.Contains(s.calls, "down 2"); down != (code == 0) {
			t.Errorf("%q: called %q", typed, s.calls)
		}
		if !strings.Contains(s.out.String(), "the column b of the table c") || !strings.Contains(s.bad.String(), "Type yes to go on: ") {
			t.Errorf("%q: asked %q %q", typed, s.out.String(), s.bad.String())
		}
	}
}

func TestRun_TellsACauseOnce(t *testing.T) {
	t.Parallel()
	s := script{err: errors.New("open the database: failed to connect:\n\tdial: refused\n\tdial: refused\n\tdial: no route")}
	if code := s.run(t, "", "migrate", "up"); code != 1 || s.bad.String() != "coffeeshop: open the database: failed to connect: dial: refused; dial: no route\n" {
		t.Errorf("exit %d, %q", code, s.bad.String())
	}
}
