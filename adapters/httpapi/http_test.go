package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestHTTP_UnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/nothing", "/auth", "/auth/signup/x", "/Users/me", "/users/x/y", "/users//me", "/dev/mailbox", "/dev/mailbox/x", "/docs/nothing.js", "/docs/../healthz", "/%2e%2e/x", "/schemas/User.json", "/openapi.yaml"} {
		for _, method := range []string{"GET", "POST", "OPTIONS", "BREW"} {
			if strings.HasPrefix(path, "/docs/") && method != "GET" {
				continue
			}
			w.send(method, path, "").want(t, 404, "not_found")
		}
	}
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/auth/login", "POST, OPTIONS"},
		{"BREW", "/auth/login", "POST, OPTIONS"},
		{"TRACE", "/users/me", "GET, HEAD, DELETE, OPTIONS, PATCH"},
		{"PUT", "/users/0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f", "GET, HEAD, DELETE, OPTIONS, PATCH"},
		{"DELETE", "/users", "GET, HEAD, POST, OPTIONS"},
		{"POST", "/healthz", "GET, HEAD, OPTIONS"},
		{"POST", "/docs", "GET, HEAD, OPTIONS"},
		{"POST", "/", "GET, HEAD, OPTIONS"},
		{"DELETE", "/openapi.json", "GET, HEAD, OPTIONS"},
	} {
		a := w.send(c.method, c.path, "").want(t, 405, "method_not_allowed")
		if got := sorted(a.header.Get("Allow")); got != sorted(c.allow) {
			t.Errorf("%s %s: Allow %s, want %s", c.method, c.path, got, c.allow)
		}
		a = w.send("OPTIONS", c.path, "").want(t, 204, "")
		if got := sorted(a.header.Get("Allow")); got != sorted(c.allow) || len(a.body) != 0 {
			t.Errorf("OPTIONS %s: Allow %s, want %s", c.path, got, c.allow)
		}
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("OPTIONS %s answers %s", c.path, name)
			}
		}
	}
}

func sorted(list string) string {
	names := strings.Split(list, ", ")
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func TestHTTP_HeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, boss := w.admin()
	for _, path := range []string{"/healthz", "/readyz", "/users", "/users/me", "/users/" + boss.ID, "/docs", "/openapi.json"} {
		get, head := w.as(token, "GET", path, ""), w.as(token, "HEAD", path, "")
		if get.status != 200 || head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") != fmt.Sprint(len(get.body)) {
			t.Errorf("%s: GET %d of %d bytes, HEAD %d of %s", path, get.status, len(get.body), head.status, head.header.Get("Content-Length"))
		}
	}
	if a := w.send("HEAD", "/users/me", ""); a.status != 401 || len(a.body) != 0 {
		t.Errorf("HEAD without a token: %d %s", a.status, a.body)
	}
}

func TestHTTP_BearerTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com", password)
	header, signed, _ := strings.Cut(pair.AccessToken, ".")
	payload, signature, _ := strings.Cut(signed, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	must(t, err)
	forged := header + "." + base64.RawURLEncoding.EncodeToString(bytes.Replace(claims, []byte(`"user"`), []byte(`"admin"`), 1)) + "." + signature
	for _, c := range []struct{ header, code string }{
		{"", "token_missing"}, {"Bearer", "token_missing"}, {"Bearer ", "token_missing"}, {"Basic " + pair.AccessToken, "token_missing"},
		{pair.AccessToken, "token_missing"}, {"Bearer x", "token_malformed"}, {"Bearer " + pair.AccessToken + "x", "token_malformed"},
		{"Bearer " + pair.RefreshToken, "token_wrong_scope"}, {"Bearer " + pair.AccessToken + " x", "token_malformed"},
		{"Bearer " + forged, "token_malformed"},
	} {
		a := w.send("GET", "/users/me", "", "Authorization", c.header).want(t, 401, c.code)
		if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
			t.Errorf("%q: WWW-Authenticate %q", c.header, got)
		}
	}
	w.send("GET", "/users/me", "", "Authorization", "bearer "+pair.AccessToken).want(t, 200, "")
	w.send("GET", "/users/me?access_token="+pair.AccessToken, "").want(t, 401, "token_missing")
	// The session is looked at each time, whatever the token says.
	w.post("/auth/logout", object("refresh_token", pair.RefreshToken)).want(t, 200, "")
	w.send("GET", "/users/me", "", "Authorization", "Bearer "+pair.AccessToken).want(t, 401, "session_ended")
	// Whoever has no token learns nothing about the input.
	w.send("PATCH", "/users/x", "{").want(t, 401, "token_missing")
}

func TestHTTP_MeAsksTheStoreOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com", password)
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 200, "") // marks the generation as delivered
	before := w.store.Calls()
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 200, "")
	before["Sessions.Authenticate"]++
	if after := w.store.Calls(); !maps.Equal(before, after) {
		t.Errorf("calls %v, want %v", after, before)
	}
}

func TestHTTP_HeadersThatEveryAnswerHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/healthz", "/users/me", "/nothing", "/docs", "/openapi.json"} {
		a := w.send("GET", path, "")
		if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Referrer-Policy") != "no-referrer" ||
			!strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.header.Get("X-Request-Id") == "" || a.header.Get("Server") != "" {
			t.Errorf("%s has %v", path, a.header)
		}
		if cache := a.header.Get("Cache-Control"); cache != "no-store" && path != "/docs" && path != "/openapi.json" {
			t.Errorf("%s has Cache-Control %q", path, cache)
		}
	}
}

func TestHTTP_RequestIDsAreTakenWhenHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a", "A-b_c.9", strings.Repeat("x", 128)} {
		if got := w.send("GET", "/healthz", "", "X-Request-Id", id).header.Get("X-Request-Id"); got != id {
			t.Errorf("%q became %q", id, got)
		}
	}
	made := regexp.MustCompile(`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	for _, id := range []string{"", "a b", "a/b", "é", "<script>", strings.Repeat("x", 129)} {
		if got := w.send("GET", "/healthz", "", "X-Request-Id", id).header.Get("X-Request-Id"); !made.MatchString(got) {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestHTTP_TheClientIsToldToTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post("/auth/signup", object("email", "ada@example.com", "password", password),
		"User-Agent", "Brow\u0085ser/1 "+strings.Repeat("я", 200), "X-Forwarded-For", "8.8.8.8", "X-Request-Id", "abc").want(t, 201, "")
	got := w.events()[0].Source
	want := domain.Source{IP: "127.0.0.1", RequestID: "abc", UserAgent: "Browser/1 " + strings.Repeat("я", 122)}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestHTTP_HealthAndReadiness(t *testing.T) {
	t.Parallel()
	ready := error(nil)
	w := newWorld(t, func(o *options) { o.config.Ready = func(context.Context) error { return ready } })
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := w.send("GET", path, "").want(t, 200, ""); strings.TrimSpace(string(a.body)) != `{"status":"ok"}` {
			t.Errorf("%s answers %s", path, a.body)
		}
	}
	ready = fmt.Errorf("read the migrations: %w", errDisk)
	a := w.send("GET", "/readyz", "").want(t, 503, "not_ready")
	if strings.Contains(string(a.body), "disk") || !strings.Contains(w.log.String(), errDisk.Error()) {
		t.Errorf("answered %s", a.body)
	}
	w.send("GET", "/healthz", "").want(t, 200, "")
}

func TestHTTP_ReadinessTellsAboutMailsWhenAsked(t *testing.T) {
	t.Parallel()
	failing := false
	w := newWorld(t, func(o *options) { o.config.MailFails = func(context.Context) (bool, error) { return failing, nil } })
	for path, want := range map[string]string{"/readyz?verbose": "ok", "/readyz?verbose=true": "ok"} {
		if a := w.send("GET", path, "").want(t, 200, ""); strings.TrimSpace(string(a.body)) != `{"status":"ok","mail":"`+want+`"}` {
			t.Errorf("%s answers %s", path, a.body)
		}
	}
	failing = true
	if a := w.send("GET", "/readyz?verbose", "").want(t, 200, ""); !strings.Contains(string(a.body), `"mail":"failing"`) {
		t.Errorf("it answers %s", a.body)
	}
}

func TestHTTP_ADrainingServerSaysSoToLoadBalancersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.api.Drain()
	if a := w.send("GET", "/readyz", "").want(t, 503, "not_ready"); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.send("GET", "/healthz", "").want(t, 200, "")
}

func TestHTTP_LogsTheTraceOfARequest(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]bool{
		"00-" + id + "-00f067aa0ba902b7-01": true, "01-" + id + "-00f067aa0ba902b7-01-more": true,
		"00-" + id + "-00f067aa0ba902b7-01-more": false, "ff-" + id + "-00f067aa0ba902b7-01-": false, "00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01": false,
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01": false, "nonsense": false,
	} {
		w := newWorld(t)
		w.send("GET", "/users/me", "", "Traceparent", header).want(t, 401, "token_missing")
		if logged := strings.Contains(w.log.String(), `"trace_id":"`+id+`"`); logged != want || !want && strings.Contains(w.log.String(), "trace_id") {
			t.Errorf("%s: logged %s", header, w.log.String())
		}
	}
}

// faultyStore answers reads of users with what fail says.
type faultyStore struct {
	ports.Store
	fail func(ctx context.Context) error
}

func (s faultyStore) Users() ports.Users { return faultyUsers{s.Store.Users(), s.fail} }

type faultyUsers struct {
	ports.Users
	fail func(ctx context.Context) error
}

func (u faultyUsers) ByEmail(ctx context.Context, _ string) (domain.User, error) {
	return domain.User{}, u.fail(ctx)
}

func TestHTTP_FailuresOfTheServiceAreLoggedOnceAndToldBare(t *testing.T) {
	t.Parallel()
	var fail func(ctx context.Context) error
	w := newWorld(t, func(o *options) {
		o.store = func(s ports.Store) ports.Store {
			return faultyStore{s, func(ctx context.Context) error { return fail(ctx) }}
		}
	})
	login := object("email", "ada@example.com", "password", password)
	for name, c := range map[string]struct {
		fail       func(context.Context) error
		status     int
		code       string
		logged     string
		retryAfter string
	}{
		"unmapped": {func(context.Context) error { return errDisk }, 500, "internal", "log in: the disk is full", ""},
		"panic":    {func(context.Context) error { panic("a bug") }, 500, "internal", "panic: a bug", ""},
		"outage":   {func(context.Context) error { return fmt.Errorf("dial: %w", domain.ErrUnavailable) }, 503, "unavailable", "dial", "2"},
		"overload": {func(context.Context) error { return domain.Overloaded(1100 * time.Millisecond) }, 503, "overloaded", "overloaded", "2"},
		"throttle": {func(context.Context) error { return domain.Throttled(time.Minute) }, 429, "too_many_requests", "", "60"},
		"deadline": {func(ctx context.Context) error {
			if d, ok := ctx.Deadline(); !ok || time.Until(d) > 10*time.Second {
				panic("the request has no deadline")
			}
			return context.DeadlineExceeded
		}, 503, "unavailable", "deadline exceeded", "2"},
	} {
		fail = c.fail
		a := w.post("/auth/login", login, "X-Request-Id", "req-"+name).want(t, c.status, c.code)
		if got := a.header.Get("Retry-After"); got != c.retryAfter {
			t.Errorf("%s: Retry-After %q", name, got)
		}
		if a.header.Get("X-Content-Type-Options") == "" || strings.Contains(string(a.body), "disk") || strings.Contains(string(a.body), "bug") {
			t.Errorf("%s: answered %v %s", name, a.header, a.body)
		}
		lines := w.log.lines(t, "req-"+name)
		if len(lines) != 1 {
			t.Fatalf("%s: %d lines in the log", name, len(lines))
		}
		if text, _ := lines[0]["error"].(string); !strings.Contains(text, c.logged) || c.logged == "" && text != "" {
			t.Errorf("%s: logged %v", name, lines[0])
		}
		if stack, _ := lines[0]["stack"].(string); (name == "panic") != strings.Contains(stack, "faultyUsers") {
			t.Errorf("%s: logged the stack %q", name, stack)
		}
	}
}

func TestLog_OneLineARequestWithoutSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	code := w.mails.code()
	pair := w.login("ada@example.com", password)
	var u user
	w.send("GET", "/users/me?token="+secretText, "", "Authorization", "Bearer "+pair.AccessToken, "X-Request-Id", "one", "Cookie", "c="+secretText).want(t, 422, "invalid_input", "query.token")
	w.as(pair.AccessToken, "GET", "/users/me", "").into(t, &u)
	w.send("GET", "/users/me/nothing?token="+secretText, "", "X-Request-Id", "two").want(t, 404, "not_found")
	w.send("GET", "/healthz", "", "X-Request-Id", "three").want(t, 200, "")
	w.post("/auth/refresh", object("refresh_token", pair.RefreshToken)).want(t, 200, "")
	one := w.log.lines(t, "one")
	if len(one) != 1 || one[0]["method"] != "GET" || one[0]["route"] != "/users/me" || one[0]["status"] != 422.0 || one[0]["user_id"] != u.ID || one[0]["bytes"] == 0.0 || one[0]["duration"] == nil || one[0]["level"] != "info" {
		t.Errorf("logged %v", one)
	}
	if two := w.log.lines(t, "two"); len(two) != 1 || two[0]["path"] != "/users/me/nothing" || two[0]["status"] != 404.0 {
		t.Errorf("logged %v", two)
	}
	if three := w.log.lines(t, "three"); len(three) != 1 || three[0]["level"] != "debug" {
		t.Errorf("logged %v", three)
	}
	for _, secret := range []string{secretText, password, code, pair.AccessToken, pair.RefreshToken, "ada@example.com"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
