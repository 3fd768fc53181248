package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"coffeeshop/bootstrap"
)

const email, password = "boss@example.com", "an admin's own password"

// browser is a client with cookies, on the origin of the front end.
type browser struct {
	*http.Client
	t      *testing.T
	url    string
	origin string
}

func (b browser) call(method, path, body string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", b.origin)
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// open starts the service, the backend in front of it, and a browser.
func open(t *testing.T, now func() time.Time) browser {
	t.Helper()
	service, err := bootstrap.Start(t.Context(), map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(), "BCRYPT_COST": "4", "TRUSTED_PROXIES": "127.0.0.1",
		"ADMIN_EMAIL": email, "ADMIN_PASSWORD": password,
	}, bootstrap.WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Stop(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewTLSServer(newBFF(service.URL, t.TempDir()))
	t.Cleanup(server.Close)
	client := server.Client()
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return browser{client, t, server.URL, server.URL}
}

// clock is a time that a test moves.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

func TestBFF_TheBrowserHasACookieAndNeverAToken(t *testing.T) {
	t.Parallel()
	c := &clock{}
	b := open(t, c.now)
	if status, text := b.call("GET", "/api/users/me", ""); status != 401 {
		t.Fatalf("before the login: %d %s", status, text)
	}
	if status, text := b.call("POST", "/api/login", `{"email":"`+email+`","password":"wrong"}`); status != 401 || !strings.Contains(text, "invalid_credentials") {
		t.Errorf("a wrong password: %d %s", status, text)
	}
	if status, text := b.call("POST", "/api/login", `{"email":"`+email+`","password":"`+password+`"}`); status != 204 || text != "" {
		t.Fatalf("login: %d %s", status, text)
	}
	res, err := b.Post(b.url+"/api/login", "application/json", strings.NewReader(`{"email":"`+email+`","password":"`+password+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie := res.Cookies()[0]; !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Name != "__Host-session" {
		t.Errorf("the cookie is %v", cookie)
	}
	if status, text := b.call("GET", "/api/users/me", ""); status != 200 || !strings.Contains(text, email) || strings.Contains(text, "token") {
		t.Errorf("me: %d %s", status, text)
	}
	c.advance(31 * time.Minute) // the access token has expired
	var tabs sync.WaitGroup
	for range 8 {
		tabs.Go(func() {
			if status, text := b.call("GET", "/api/users/me", ""); status != 200 {
				t.Errorf("after half an hour: %d %s", status, text)
			}
		})
	}
	tabs.Wait()
	if status, text := b.call("POST", "/api/logout", ""); status != 204 {
		t.Errorf("logout: %d %s", status, text)
	}
	if status, text := b.call("GET", "/api/users/me", ""); status != 401 {
		t.Errorf("after the logout: %d %s", status, text)
	}
}

func TestBFF_TakesNothingFromPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	b := open(t, time.Now)
	b.call("POST", "/api/login", `{"email":"`+email+`","password":"`+password+`"}`)
	foreign := b
	foreign.origin = "https://evil.example"
	if status, _ := foreign.call("DELETE", "/api/users/me/sessions", ""); status != 403 {
		t.Errorf("another origin: %d", status)
	}
	if status, text := b.call("GET", "/api/users/me", ""); status != 200 {
		t.Errorf("afterwards: %d %s", status, text)
	}
}

func TestBFF_ForgetsASessionThatTheServiceEnded(t *testing.T) {
	t.Parallel()
	c := &clock{}
	b := open(t, c.now)
	b.call("POST", "/api/login", `{"email":"`+email+`","password":"`+password+`"}`)
	c.advance(25 * time.Hour)
	if status, _ := b.call("GET", "/api/users/me", ""); status != 401 {
		t.Errorf("after a day: %d", status)
	}
	if jar := b.Jar.Cookies(mustURL(t, b.url)); len(jar) != 0 {
		t.Errorf("the browser keeps %v", jar)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// fakeAPI is a service whose first access token has expired, and which counts.
type fakeAPI struct {
	mu        sync.Mutex
	refreshes int
	loggedOut []string
	forwarded []string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	f.forwarded = append(f.forwarded, r.Header.Get("X-Forwarded-For"))
	switch {
	case r.URL.Path == "/auth/login":
		_, _ = io.WriteString(w, `{"access_token":"old","refresh_token":"r1"}`)
	case r.URL.Path == "/auth/refresh":
		f.refreshes++
		_, _ = io.WriteString(w, `{"access_token":"new","refresh_token":"r2"}`)
	case r.URL.Path == "/auth/logout":
		f.loggedOut = append(f.loggedOut, string(body))
	case r.Header.Get("Authorization") != "Bearer new":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	}
}

func TestBFF_RefreshesOnceForAllCallsRepeatsTheirBodiesAndLogsOutAtTheService(t *testing.T) {
	t.Parallel()
	fake := &fakeAPI{}
	api := httptest.NewServer(fake)
	t.Cleanup(api.Close)
	server := httptest.NewTLSServer(newBFF(api.URL, t.TempDir()))
	t.Cleanup(server.Close)
	client := server.Client()
	var err error
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	b := browser{client, t, server.URL, server.URL}
	b.call("POST", "/api/login", "{}")
	session := b.Jar.Cookies(mustURL(t, b.url))
	var tabs sync.WaitGroup
	for range 8 {
		tabs.Go(func() {
			if status, text := b.call("PATCH", "/api/users/me?x=1", "the body"); status != 200 || text != "PATCH /users/me?x=1 the body" {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	tabs.Wait()
	b.call("POST", "/api/logout", "")
	b.Jar.SetCookies(mustURL(t, b.url), session)
	if status, _ := b.call("GET", "/api/users/me", ""); status != 401 {
		t.Errorf("the cookie of a session that was logged out: %d", status)
	}
	if fake.refreshes != 1 || len(fake.loggedOut) != 1 || !strings.Contains(fake.loggedOut[0], "r2") || fake.forwarded[0] != "127.0.0.1" {
		t.Errorf("%d refreshes, logouts %q, forwarded for %q", fake.refreshes, fake.loggedOut, fake.forwarded[0])
	}
}
