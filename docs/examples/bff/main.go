// Command bff is a backend for a front end: it keeps the tokens of the accounts service, and gives the browser a cookie
// that no script can read. It serves the front end's files and the calls below /api/ on one origin.
//
//	API=http://127.0.0.1:8000 go run ./docs/examples/bff    # then http://localhost:3000
//
// Behind it, the service needs TRUSTED_PROXIES with the address of this program: otherwise all users share its network's
// limits.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// cookieName binds the cookie to this host and to HTTPS. Browsers take localhost for safe without it.
const cookieName = "__Host-session"

// tokens are what the service answers to a login.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// session is one browser's login. Its lock lets one refresh run at a time: the service ends a session whose refresh token
// is used twice.
type session struct {
	mu     sync.Mutex
	tokens tokens
}

// bff holds the sessions in memory: a restart logs everybody out. Several replicas need a store that they share.
type bff struct {
	api      string
	client   *http.Client
	mu       sync.Mutex
	sessions map[string]*session
}

// newBFF serves the front end's files, and its calls for the service at api.
func newBFF(api, files string) http.Handler {
	b := &bff{api: api, client: &http.Client{Timeout: 15 * time.Second}, sessions: map[string]*session{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/login", b.logIn)
	mux.HandleFunc("POST /api/logout", b.logOut)
	mux.HandleFunc("/api/", b.forward)
	mux.Handle("/", http.FileServer(http.Dir(files)))
	// The browser adds the cookie to whatever another page sends here. This refuses what comes from other origins.
	return http.NewCrossOriginProtection().Handler(mux)
}

// logIn keeps the tokens, and answers the cookie instead.
func (b *bff) logIn(w http.ResponseWriter, r *http.Request) {
	res, err := b.call(r.Context(), r, http.MethodPost, "/auth/login", "", r.Body)
	if err != nil {
		http.Error(w, "the accounts service does not answer", http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	var got tokens
	if res.StatusCode != http.StatusOK {
		copyAnswer(w, res)
		return
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		http.Error(w, "the accounts service answered something else", http.StatusBadGateway)
		return
	}
	id := rand.Text() // a new one for each login: a session cannot be fixed beforehand
	b.mu.Lock()
	b.sessions[id] = &session{tokens: got}
	b.mu.Unlock()
	setCookie(w, id, 0)
	w.WriteHeader(http.StatusNoContent)
}

func (b *bff) logOut(w http.ResponseWriter, r *http.Request) {
	if s, id := b.session(r); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		body, _ := json.Marshal(map[string]string{"refresh_token": s.tokens.Refresh}) // texts always marshal
		if res, err := b.call(r.Context(), r, http.MethodPost, "/auth/logout", "", bytes.NewReader(body)); err == nil {
			_ = res.Body.Close()
		}
		b.forget(id)
	}
	setCookie(w, "", -1)
	w.WriteHeader(http.StatusNoContent)
}

// forward makes the browser's call with its access token, and once more with the next one if that has expired.
func (b *bff) forward(w http.ResponseWriter, r *http.Request) {
	s, id := b.session(r)
	if s == nil {
		http.Error(w, "not logged in", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	s.mu.Lock()
	access := s.tokens.Access
	s.mu.Unlock()
	res, err := b.call(r.Context(), r, r.Method, path, access, bytes.NewReader(body))
	if err == nil && res.StatusCode == http.StatusUnauthorized {
		_ = res.Body.Close()
		if access, err = b.refresh(r, s, access); err == nil && access == "" {
			b.forget(id)
			setCookie(w, "", -1)
			http.Error(w, "not logged in", http.StatusUnauthorized)
			return
		}
		if err == nil {
			res, err = b.call(r.Context(), r, r.Method, path, access, bytes.NewReader(body))
		}
	}
	if err != nil {
		http.Error(w, "the accounts service does not answer", http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	copyAnswer(w, res)
}

// refresh returns an access token newer than old; empty when the session has ended.
func (b *bff) refresh(r *http.Request, s *session, old string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens.Access != old { // another call was faster
		return s.tokens.Access, nil
	}
	body, _ := json.Marshal(map[string]string{"refresh_token": s.tokens.Refresh}) // texts always marshal
	// A browser that hangs up must not lose the answer for the others.
	res, err := b.call(context.WithoutCancel(r.Context()), r, http.MethodPost, "/auth/refresh", "", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		err = json.NewDecoder(res.Body).Decode(&s.tokens)
		return s.tokens.Access, err
	case http.StatusUnauthorized:
		return "", nil
	}
	return old, nil // the service is busy: the call's own answer says so
}

// call calls the service for a browser, whose address it hands on.
func (b *bff) call(ctx context.Context, r *http.Request, method, path, access string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.api+path, body) //nolint:gosec // the path begins with a slash, so that the host stays
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"Content-Type", "Accept-Language", "If-Match", "User-Agent"} {
		if value := r.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		req.Header.Set("X-Forwarded-For", ip)
	}
	if access != "" {
		req.Header.Set("Authorization", "Bearer "+access)
	}
	return b.client.Do(req) //nolint:gosec // to the one host
}

func (b *bff) session(r *http.Request) (*session, string) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessions[cookie.Value], cookie.Value
}

func (b *bff) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions, id)
}

func setCookie(w http.ResponseWriter, id string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func copyAnswer(w http.ResponseWriter, res *http.Response) {
	for _, name := range []string{"Content-Type", "Retry-After", "ETag", "Link", "X-Request-Id"} {
		if value := res.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

func main() {
	server := &http.Server{
		Addr:              cmp.Or(os.Getenv("ADDR"), "127.0.0.1:3000"),
		Handler:           newBFF(cmp.Or(os.Getenv("API"), "http://127.0.0.1:8000"), cmp.Or(os.Getenv("FILES"), "public")),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}
