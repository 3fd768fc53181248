package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/commonpasswords"
	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/memstore"
	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const (
	password      = "correct horse battery"
	adminEmail    = "boss@example.com"
	adminPassword = "an admin's own password"
)

// world is the API on a real listener, with the real application on memstore.
type world struct {
	t      testing.TB
	app    *application.App
	api    *httpapi.API
	store  *memstore.Store
	mails  *outbox
	log    *logBuffer
	addr   string
	client *http.Client
}

type options struct {
	config httpapi.Config
	listen string
	store  func(ports.Store) ports.Store
	hasher func(ports.Hasher) ports.Hasher
	budget domain.Budget // of failed logins to one account from one network
}

// plenty is a budget that no test uses up.
var plenty = domain.Budget{Burst: 1_000_000, Interval: time.Millisecond}

func newWorld(t testing.TB, adjust ...func(*options)) *world {
	t.Helper()
	o := options{
		config: httpapi.Config{Version: "test", Locales: []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian}},
		listen: "127.0.0.1:0",
		store:  func(s ports.Store) ports.Store { return s },
		hasher: func(h ports.Hasher) ports.Hasher { return h },
		budget: plenty,
	}
	for _, f := range adjust {
		f(&o)
	}
	w := &world{t: t, store: memstore.New(), mails: &outbox{}, log: &logBuffer{}}
	secret := domain.NewSecret("a secret of at least thirty-two bytes")
	tokens, err := jwttoken.New(jwttoken.Config{Secret: secret})
	must(t, err)
	hasher, err := bcrypthash.New(bcrypthash.Config{Cost: bcrypthash.MinCost})
	must(t, err)
	w.app, err = application.New(application.Deps{
		Store: o.store(w.store), Hasher: o.hasher(hasher), Tokens: tokens, Mailer: w.mails, Passwords: commonpasswords.Passwords{}, Secret: secret, Now: time.Now,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, NewRandomID: uuid.New,
		Settings: application.Settings{
			Sessions:   domain.SessionLimits{Access: 30 * time.Minute, Refresh: 24 * time.Hour, Session: 720 * time.Hour, Grace: 10 * time.Second, PerUser: 20},
			RateLimits: true, Budgets: domain.Budgets{
				LoginOfAccountFromNetwork: o.budget, LoginFromNetwork: plenty, LoginOfAccount: plenty, CodesOfAddress: plenty,
				CodesFromNetwork: plenty, SuccessfulLogins: plenty, MailsToAddress: plenty, MailsFromNetwork: plenty, SignUpsFromNetwork: plenty,
			},
		},
	})
	must(t, err)
	if o.config.Ready == nil {
		o.config.Ready = func(context.Context) error { return nil }
	}
	w.api = httpapi.New(w.app, o.config, w.log.logger())
	ln, err := net.Listen("tcp", o.listen)
	must(t, err)
	w.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.api.Serve(ln) }()
	transport := &http.Transport{DisableCompression: true}
	w.client = &http.Client{Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(t, w.api.Shutdown(ctx))
		must(t, <-served)
	})
	return w
}

// in returns the world for a part of its test.
func (w *world) in(t testing.TB) *world {
	part := *w
	part.t = t
	return &part
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

type problem struct {
	Type      string
	Title     string
	Status    int
	Code      string
	Detail    string
	RequestID string `json:"request_id"`
	Errors    []struct{ Location, Message string }
}

func (a answer) problem() (p problem) {
	_ = json.Unmarshal(a.body, &p)
	return p
}

// want checks a problem, and the location of its first faulty part if one is given.
func (a answer) want(t testing.TB, status int, code string, location ...string) answer {
	t.Helper()
	p := a.problem()
	if a.status != status || p.Code != code {
		t.Fatalf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	if code == "" {
		return a
	}
	if p.Status != status || p.Title == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("incomplete problem %s", a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	if len(location) > 0 && (len(p.Errors) == 0 || p.Errors[0].Location != location[0]) {
		t.Errorf("got %s, want the location %s", a.body, location[0])
	}
	return a
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// send sends a request as it is given; header pairs follow the body.
func (w *world) send(method, path, body string, header ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.addr+path, strings.NewReader(body))
	must(w.t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := w.client.Do(req)
	must(w.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(w.t, err)
	a := answer{resp.StatusCode, resp.Header, text}
	declares(w.t, method, path, a)
	return a
}

// post sends JSON text.
func (w *world) post(path, body string, header ...string) answer {
	w.t.Helper()
	return w.send(http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// as sends JSON with an access token.
func (w *world) as(token, method, path, body string) answer {
	w.t.Helper()
	header := []string{"Authorization", "Bearer " + token}
	if body != "" {
		header = append(header, "Content-Type", "application/json")
	}
	return w.send(method, path, body, header...)
}

// raw sends bytes and returns everything that comes back until the server closes the connection.
func (w *world) raw(text string) string {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	must(w.t, err)
	defer conn.Close()
	must(w.t, conn.SetDeadline(time.Now().Add(15*time.Second)))
	_, err = io.WriteString(conn, text)
	must(w.t, err)
	got, err := io.ReadAll(conn)
	if err != nil && len(got) == 0 {
		w.t.Fatal(err)
	}
	return string(got)
}

func object(pairs ...any) string {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

type user struct {
	ID        string
	Email     string
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
	Status    string
	Role      string
}

type tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
}

// events are the audit events, newest first.
func (w *world) events() []domain.AuditEvent {
	w.t.Helper()
	page, err := w.store.Audit().List(w.t.Context(), domain.AuditQuery{Limit: 1000})
	must(w.t, err)
	return page.Events
}

func (w *world) deliver() {
	w.t.Helper()
	for _, job := range w.store.TakeJobs() {
		must(w.t, w.app.DeliverChallenge(w.t.Context(), job.ID))
	}
}

// verified signs somebody up over HTTP and answers the mail.
func (w *world) verified(email string) user {
	w.t.Helper()
	var u user
	w.post("/auth/signup", object("email", email, "password", password, "first_name", "Ada")).want(w.t, 201, "").into(w.t, &u)
	w.deliver()
	w.post("/auth/verify", object("email", email, "code", w.mails.code(), "id", u.ID)).want(w.t, 200, "")
	return u
}

func (w *world) login(email, secret string) (pair tokens) {
	w.t.Helper()
	w.post("/auth/login", object("email", email, "password", secret)).want(w.t, 200, "").into(w.t, &pair)
	return pair
}

func (w *world) admin() (string, user) {
	w.t.Helper()
	_, err := w.app.CreateAdmin(w.t.Context(), adminEmail, adminPassword, domain.LocaleEnglish)
	must(w.t, err)
	token := w.login(adminEmail, adminPassword).AccessToken
	var u user
	w.as(token, "GET", "/users/me", "").want(w.t, 200, "").into(w.t, &u)
	return token, u
}
