// Package e2e_test speaks HTTP to the running service, on both engines; every answer is held against the
// OpenAPI document.
package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/mail/mailbox"
	"coffeeshop/bootstrap"
)

const (
	password      = "correct horse battery"
	adminEmail    = "boss@example.com"
	adminPassword = "an admin's own password"
)

// onBothEngines runs a test against the service on SQLite and on PostgreSQL.
func onBothEngines(t *testing.T, test func(t *testing.T, s *service)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, nil))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, map[string]string{"DATABASE_URL": pgtest.New(t)}))
	})
}

// service is one running server with its mailbox.
type service struct {
	*bootstrap.Running
	mails *mailbox.Mailbox
}

// start runs the service with cheap hashes, an admin, and what env says.
func start(t *testing.T, env map[string]string) *service {
	t.Helper()
	data := t.TempDir()
	all := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": data, "BCRYPT_COST": "4",
		"ADMIN_EMAIL": adminEmail, "ADMIN_PASSWORD": adminPassword,
	}
	for name, value := range env {
		all[name] = value
	}
	running, err := bootstrap.Start(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	mails, err := mailbox.New(running.Config.MailboxDir)
	if err != nil {
		t.Fatal(err)
	}
	return &service{Running: running, mails: mails}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// code is the problem's code; empty when the answer is none.
func (a answer) code() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(a.body, &problem)
	return problem.Code
}

func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Fatalf("answered %s, want %d %s", a, status, code)
	}
	return a
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
}

// call sends a request as JSON and holds the answer against the document. It may be called from any goroutine.
func (s *service) call(t *testing.T, method, path, token string, body any) answer {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return s.callWith(t, header, method, path, body)
}

// callWith is call with these headers.
func (s *service) callWith(t *testing.T, header http.Header, method, path string, body any) answer {
	t.Helper()
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(sent))
	if err != nil {
		t.Error(err)
		return answer{}
	}
	req.Header = header
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	conforms(t, req, resp, got)
	return answer{status: resp.StatusCode, header: resp.Header, body: got}
}

var document = sync.OnceValues(func() (validator.Validator, error) {
	raw := httpapi.OpenAPI(httpapi.Config{Version: "test"})
	doc, err := libopenapi.NewDocument(raw)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

var documentLock sync.Mutex

// conforms fails the test when the answer is not what the OpenAPI document promises.
func conforms(t *testing.T, req *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	v, err := document()
	if err != nil {
		t.Error(err)
		return
	}
	documentLock.Lock()
	defer documentLock.Unlock()
	shown := *resp
	shown.Body = io.NopCloser(bytes.NewReader(body))
	if ok, faults := v.ValidateHttpResponse(req, &shown); !ok {
		for _, fault := range faults {
			t.Errorf("%s %s answered %d %s, which is not in the document: %s %s", req.Method, req.URL.Path, resp.StatusCode, body, fault.Message, fault.Reason)
		}
	}
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
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
}

func (s *service) signUp(t *testing.T, email string) user {
	t.Helper()
	var u user
	s.call(t, "POST", "/auth/signup", "", map[string]any{"email": email, "password": password}).want(t, 201, "").into(t, &u)
	return u
}

// verified signs somebody up and answers the mail.
func (s *service) verified(t *testing.T, email string) user {
	t.Helper()
	u := s.signUp(t, email)
	digits, _ := s.codes(t, email, 1)
	s.call(t, "POST", "/auth/verify", "", map[string]any{"email": email, "code": digits}).want(t, 200, "")
	u.Status = "verified"
	return u
}

func (s *service) login(t *testing.T, email, password string) tokens {
	t.Helper()
	var pair tokens
	s.call(t, "POST", "/auth/login", "", map[string]any{"email": email, "password": password}).want(t, 200, "").into(t, &pair)
	return pair
}

var (
	digitsPattern = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)
	longPattern   = regexp.MustCompile(`(?m)^\s*([a-z2-7]{26})\s*$`)
)

// codes waits until an address has so many mails and returns the codes of the newest.
func (s *service) codes(t *testing.T, email string, mails int) (digits, long string) {
	t.Helper()
	text := s.mail(t, email, mails)
	d, l := digitsPattern.FindStringSubmatch(text), longPattern.FindStringSubmatch(text)
	if d == nil || l == nil {
		t.Fatalf("no codes in %q", text)
	}
	return d[1], l[1]
}

// mail waits until an address has so many mails and returns the text of the newest.
func (s *service) mail(t *testing.T, email string, mails int) string {
	t.Helper()
	for range 400 {
		if texts := s.texts(t, email); len(texts) >= mails {
			return texts[0]
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s has %d mails after ten seconds, want %d", email, len(s.texts(t, email)), mails)
	return ""
}

// texts are the mails of an address, newest first.
func (s *service) texts(t *testing.T, email string) []string {
	t.Helper()
	list, err := s.mails.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range list {
		if !strings.Contains(strings.ToLower(m.To), strings.ToLower(email)) {
			continue
		}
		message, err := s.mails.Read(t.Context(), m.Name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, message.Text)
	}
	return texts
}
