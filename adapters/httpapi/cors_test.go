package httpapi_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

const origin = "https://app.example.com"

// allows reports whether a page of the origin may read the answer.
func (a answer) allows(of string) bool {
	got := a.header.Get("Access-Control-Allow-Origin")
	return got == "*" || got == of
}

func TestCORS_PagesOfAConfiguredOriginMayReadEveryAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) {
		o.config.CORSOrigins = []string{"http://localhost:5173", origin}
		o.config.Ready = func(context.Context) error { panic("ready") }
		o.budget = domain.Budget{Burst: 1, Interval: time.Hour}
	})
	w.verified("ada@example.com")
	login := func(secret string) answer {
		return w.post("/auth/login", object("email", "ada@example.com", "password", secret), "Origin", origin)
	}
	for name, a := range map[string]answer{
		"a success":            login(password),
		"a wrong password":     login("wrong"),
		"a used up budget":     login("wrong"),
		"no token":             w.send("GET", "/users/me", "", "Origin", origin),
		"nothing there":        w.send("GET", "/nothing", "", "Origin", origin),
		"a wrong method":       w.send("PUT", "/auth/login", "", "Origin", origin),
		"a panic":              w.send("GET", "/readyz", "", "Origin", origin),
		"a body too large":     w.post("/auth/login", strings.Repeat("a", 70000), "Origin", origin),
		"an unknown method":    w.send("BREW", "/auth/login", "", "Origin", origin),
		"an OAuth client":      w.send("POST", "/auth/token", "", "Origin", origin, "Content-Type", "application/x-www-form-urlencoded"),
		"the OpenAPI document": w.send("GET", "/openapi.json", "", "Origin", origin),
	} {
		h := a.header
		if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Expose-Headers") != "Retry-After, X-Request-Id, ETag, Link" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%s: %d with %v", name, a.status, h)
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s lets cookies in", name)
		}
	}
	for _, other := range []string{"", "null", "https://evil.example", "http://app.example.com", origin + ".evil.example", strings.ToUpper(origin), origin + ":8443"} {
		a := w.send("GET", "/healthz", "", "Origin", other).want(t, 200, "")
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "Origin" {
			t.Errorf("%q: %v", other, a.header)
		}
	}
}

func TestCORS_APreflightIsAnsweredWithoutTouchingAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) { o.config.CORSOrigins = []string{origin} })
	before := w.store.Calls()
	for _, path := range []string{"/auth/login", "/users/me", "/users/" + uuid.NewString(), "/nothing"} {
		ask := func(of string) answer {
			return w.send("OPTIONS", path, "", "Origin", of, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization,if-match").want(t, 204, "")
		}
		h := ask(origin).header
		if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, If-Match, Accept-Language" || h.Get("Access-Control-Max-Age") != "600" || h.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", path, h)
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if !strings.Contains(h.Get("Access-Control-Allow-Methods"), method) {
				t.Errorf("%s: %s is not allowed", path, method)
			}
		}
		for name := range ask("https://evil.example").header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: another origin gets %s", path, name)
			}
		}
	}
	for name, calls := range w.store.Calls() {
		if calls != before[name] {
			t.Errorf("a preflight called %s", name)
		}
	}
	if a := w.send("OPTIONS", "/auth/login", "", "Origin", origin).want(t, 204, ""); a.header.Get("Allow") == "" {
		t.Error("OPTIONS without a question does not answer the methods")
	}
}

func TestCORS_AnyOriginMayCallWhereEveryOneIsAllowedButNobodyReadsTheMailbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) {
		o.config.CORSOrigins = []string{"*"}
		o.config.Mailbox = mails{}
	})
	if a := w.send("GET", "/healthz", "", "Origin", "https://any.example").want(t, 200, ""); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", a.header)
	}
	if a := w.send("GET", "/", "", "Accept", "text/html").want(t, 200, ""); !slices.Contains(a.header.Values("Vary"), "Accept") && a.header.Get("Vary") != "Origin, Accept" {
		t.Errorf("/ varies by %q", a.header.Values("Vary"))
	}
	for _, method := range []string{"GET", "OPTIONS"} {
		for _, path := range []string{"/dev/mailbox", "/dev/mailbox/x"} {
			if a := w.send(method, path, "", "Origin", "https://any.example", "Access-Control-Request-Method", "GET"); a.allows("https://any.example") {
				t.Errorf("%s %s: %v", method, path, a.header)
			}
		}
	}
}

func TestHome_IsAPageForPeopleAndJSONForPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8", "*/*": "application/json", "application/json": "application/json", "": "application/json",
	} {
		a := w.send(http.MethodGet, "/", "", "Accept", accept).want(t, 200, "")
		if got := a.header.Get("Content-Type"); got != want || a.header.Get("Vary") != "Accept" {
			t.Errorf("%q: %s, %v", accept, got, a.header)
		}
		for _, named := range []string{"Coffee Shop API", "test", "docs", "openapi.json"} {
			if !strings.Contains(string(a.body), named) {
				t.Errorf("%q: %s does not name %s", accept, a.body, named)
			}
		}
	}
	w.send("HEAD", "/", "").want(t, 200, "")
}
