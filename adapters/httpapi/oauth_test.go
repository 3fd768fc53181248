package httpapi_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// oauthError is an error of RFC 6749 §5.2.
type oauthError struct {
	Error       string
	Description string `json:"error_description"`
	Code        string
	Title       string
}

func (a answer) oauth() (e oauthError) {
	_ = json.Unmarshal(a.body, &e)
	return e
}

// wantOAuth checks an error of RFC 6749 §5.2.
func (a answer) wantOAuth(t testing.TB, status int, kind, code string) answer {
	t.Helper()
	e := a.oauth()
	if a.status != status || e.Error != kind || e.Code != code {
		t.Fatalf("got %d %s, want %d %s %s", a.status, a.body, status, kind, code)
	}
	if e.Description == "" || e.Title != "" || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("%s with %v", a.body, a.header)
	}
	return a
}

func TestToken_LogsInByTheOAuthPasswordForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	post := func(body string) answer {
		// Swagger UI sends empty client credentials along.
		return w.send("POST", "/auth/token", body, "Content-Type", "application/x-www-form-urlencoded", "Authorization", "Basic Og==")
	}
	var pair tokens
	post(form("grant_type", "password", "username", "ada@example.com", "password", password, "scope", "", "client_id", "")).want(t, 200, "").into(t, &pair)
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 200, "")
	post(form("grant_type", "refresh_token", "refresh_token", pair.RefreshToken)).want(t, 200, "").into(t, &pair)
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 200, "")
	post(form("grant_type", "refresh_token", "refresh_token", pair.RefreshToken, "client_secret", "x")).want(t, 200, "")
	w.post("/auth/logout", object("refresh_token", pair.RefreshToken)).want(t, 200, "")

	for _, c := range []struct{ body, err, code, described string }{
		{form("grant_type", "password", "username", "ada@example.com", "password", "wrong password"), "invalid_grant", "invalid_credentials", "E-mail or password is wrong."},
		{form("grant_type", "refresh_token", "refresh_token", pair.RefreshToken), "invalid_grant", "token_revoked", "The token has been revoked."},
		{form("grant_type", "refresh_token", "refresh_token", pair.AccessToken), "invalid_grant", "token_wrong_scope", ""},
		{form("grant_type", "refresh_token", "refresh_token", "x"), "invalid_grant", "token_malformed", ""},
		{form("username", "ada@example.com", "password", password), "invalid_request", "invalid_input", "grant_type has to be password"},
		{form("grant_type", "password", "username", "ada@example.com"), "invalid_request", "invalid_input", "with username and password"},
		{form("grant_type", "refresh_token"), "invalid_request", "invalid_input", "with refresh_token"},
		{form("grant_type", "client_credentials"), "unsupported_grant_type", "unsupported_grant_type", "password and refresh_token"},
		{form("grant_type", "password", "username", "a", "username", "b", "password", "c"), "invalid_request", "malformed_form", "username must not appear twice"},
		{form("grant_type", "password", "username", "a\x00", "password", "c"), "invalid_request", "invalid_input", "username must not contain control characters"},
		{"grant_type=password&username=a&password=c&x%00=b", "invalid_request", "invalid_input", "must not contain control characters"},
		{"grant_type=password&username=%ff&password=c", "invalid_request", "malformed_form", "username must be valid UTF-8"},
		{"username=%zz", "invalid_request", "malformed_form", ""},
		{"", "invalid_request", "malformed_form", ""},
	} {
		a := post(c.body).wantOAuth(t, 400, c.err, c.code)
		if !strings.Contains(a.oauth().Description, c.described) {
			t.Errorf("%q: %s", c.body, a.body)
		}
	}
	w.post("/auth/token", `{"username":"a","password":"b"}`).wantOAuth(t, 400, "invalid_request", "unsupported_media_type")
	w.post("/auth/token?grant_type=password", "").wantOAuth(t, 400, "invalid_request", "unsupported_media_type")
	w.send("GET", "/auth/token", "").wantOAuth(t, 405, "invalid_request", "method_not_allowed")
	w.send("POST", "/auth/token", strings.Repeat("a", 70000), "Content-Type", "application/x-www-form-urlencoded").wantOAuth(t, 400, "invalid_request", "body_too_large")
}

// loginForm is a way to log in, and how it refuses somebody.
type loginForm struct {
	login   func(email, secret string) answer
	refused func(a answer, code string)
}

func loginForms(t *testing.T, w *world) map[string]loginForm {
	statuses := map[string]int{"invalid_credentials": 401, "account_unverified": 403, "account_blocked": 403}
	return map[string]loginForm{
		"/auth/login": {func(email, secret string) answer {
			return w.post("/auth/login", object("email", email, "password", secret))
		}, func(a answer, code string) { a.want(t, statuses[code], code) }},
		"/auth/token": {func(email, secret string) answer {
			form := url.Values{"grant_type": {"password"}, "username": {email}, "password": {secret}}.Encode()
			return w.send("POST", "/auth/token", form, "Content-Type", "application/x-www-form-urlencoded")
		}, func(a answer, code string) { a.wantOAuth(t, 400, "invalid_grant", code) }},
	}
}

func TestToken_AFullQueueIsA503WithRetryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) { o.hasher = func(ports.Hasher) ports.Hasher { return full{} } })
	a := w.send("POST", "/auth/token", "grant_type=password&username=a@b.example&password=x", "Content-Type", "application/x-www-form-urlencoded")
	if a.wantOAuth(t, 503, "temporarily_unavailable", "overloaded"); a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
	w.send("POST", "/auth/token", "grant_type=password&password=x", "Content-Type", "application/x-www-form-urlencoded").wantOAuth(t, 400, "invalid_request", "invalid_input")
	a = w.send("POST", `/auth/token?"=1`, "grant_type=password&username=a&password=x", "Content-Type", "application/x-www-form-urlencoded")
	if d := a.oauth().Description; strings.ContainsAny(d, "\"\\") {
		t.Errorf("described as %q", d)
	}
}

// full is a queue of hashes without room.
type full struct{}

func (full) Hash(context.Context, domain.Password) (domain.PasswordHash, error) {
	return domain.PasswordHash{}, domain.Overloaded(time.Second)
}

func (full) Verify(context.Context, domain.PasswordHash, domain.Password) (ok, outdated bool, err error) {
	return false, false, domain.Overloaded(time.Second)
}

func TestToken_LetsInWhomLoginLetsInAndCountsWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) { o.budget = domain.Budget{Burst: 4, Interval: time.Hour} })
	token, _ := w.admin()
	blocked, unverified, ada := w.verified("blocked@example.com"), "unverified@example.com", w.verified("ada@example.com").Email
	w.post("/auth/signup", object("email", unverified, "password", password)).want(t, 201, "")
	w.as(token, "POST", "/users/"+blocked.ID+"/block", "{}").want(t, 200, "")
	forms := loginForms(t, w)
	for _, f := range forms {
		f.refused(f.login(unverified, password), "account_unverified")
		f.refused(f.login(blocked.Email, password), "account_blocked")
		f.refused(f.login(unverified, "wrong password"), "invalid_credentials")
		f.refused(f.login("nobody@example.com", password), "invalid_credentials")
		for range 2 {
			f.refused(f.login(" "+strings.ToUpper(ada), "wrong password"), "invalid_credentials")
		}
	}
	for name, f := range forms {
		if a := f.login(ada, password); a.status != 429 || a.problem().Code != "too_many_requests" || a.header.Get("Retry-After") == "" {
			t.Errorf("%s after four failures, two by each: %s", name, a.body)
		}
	}
}
