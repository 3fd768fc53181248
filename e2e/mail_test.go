package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/mail"
)

// german makes a folder with a language of its own: the English mails, with other subjects.
func german(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := mail.WriteTemplates(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "en"), filepath.Join(dir, "de")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"verify_email", "reset_password"} {
		file := filepath.Join(dir, "de", name+".txt")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append([]byte("Guten Tag von {{.App}}!\n"), text...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var linkPattern = regexp.MustCompile(`(?m)^ *(https://\S+)$`)

// link returns the page that a mail links to, and what the link's fragment tells it.
func link(t *testing.T, text string) (page string, values url.Values) {
	t.Helper()
	found := linkPattern.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in %q", text)
	}
	page, fragment, _ := strings.Cut(found[1], "#")
	values, err := url.ParseQuery(fragment)
	if err != nil {
		t.Fatal(err)
	}
	return page, values
}

func TestMails_AreTheOperatorsOwnFromTheSignUpToTheReset(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t testing.TB) string{"SQLite": func(testing.TB) string { return "" }, "PostgreSQL": pgtest.New} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const email = "ada+tea&id=1@bücher.example"
			s := start(t, map[string]string{"DATABASE_URL": database(t), "APP_NAME": "Tea & Co", "MAIL_TEMPLATES_DIR": german(t),
				"LINK_VERIFY_URL": "https://tea.example/verify", "LINK_RESET_URL": "https://tea.example/reset"})
			var u struct{ ID, Locale string }
			header := http.Header{"Accept-Language": {"de-AT, ru;q=0.5"}}
			s.callWith(t, header, "POST", "/auth/signup", map[string]any{"email": email, "password": password, "first_name": "http://evil.example"}).want(t, 201, "").into(t, &u)
			text := s.mail(t, "ada+tea&id=1@xn--bcher-kva.example", 1)
			if u.Locale != "de" || !strings.HasPrefix(text, "Guten Tag von Tea & Co!") || strings.Contains(text, "evil") ||
				!strings.Contains(text, "Network: 127.0.0.1\n") {
				t.Errorf("locale %q, mailed %q", u.Locale, text)
			}
			page, got := link(t, text)
			if page != "https://tea.example/verify" || got.Get("email") != email || got.Get("id") != u.ID || len(got) != 3 {
				t.Errorf("the link leads to %s with %v", page, got)
			}
			s.call(t, "POST", "/auth/verify", "", map[string]any{"email": got.Get("email"), "code": got.Get("code"), "id": got.Get("id")}).want(t, 200, "")

			token := s.login(t, email, password).Access
			s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"locale": "ru"}).want(t, 200, "").into(t, &u)
			s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": email}).want(t, 202, "")
			text = s.mail(t, "ada+tea&id=1@xn--bcher-kva.example", 2)
			if page, got = link(t, text); u.Locale != "ru" || page != "https://tea.example/reset" || got.Has("id") || !strings.Contains(text, "пароль") {
				t.Errorf("locale %q, mailed %q", u.Locale, text)
			}
			s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": got.Get("email"), "code": got.Get("code"), "new_password": "another one of hers"}).want(t, 200, "")

			s.call(t, "PATCH", "/users/"+u.ID, s.login(t, email, "another one of hers").Access, map[string]any{"email": "new@example.com", "current_password": "another one of hers"}).want(t, 200, "")
			if text := s.mail(t, "new@example.com", 1); linkPattern.MatchString(text) {
				t.Errorf("a link without a page: %q", text)
			}
		})
	}
}
