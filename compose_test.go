//go:build compose

// The image and docker-compose.yml, tried as a user would: `task test:compose`. It needs a container engine and
// Compose, 1.29 or 2; GO_IMAGE and POSTGRES_IMAGE name other images than the official ones.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	maxImageSize = 60 << 20
	password     = "correct horse battery"
)

func TestCompose_ServesTheMainFlowAndKeepsItsSessions(t *testing.T) {
	mails := startMailServer(t)
	p := newProject(t, mails.port)
	p.compose("build", "api")
	checkImage(t, p)

	p.compose("up", "-d", "api", "db")
	s := p.service()
	s.call("GET", "/readyz", "", nil, 200, nil)
	s.call("GET", "/openapi.json", "", nil, 200, nil)
	s.call("GET", "/dev/mailbox", "", nil, 404, nil)

	ada := map[string]any{"email": "ada@example.com", "password": password}
	s.call("POST", "/auth/signup", "", ada, 201, nil)
	s.call("POST", "/auth/login", "", ada, 403, nil)
	s.call("POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": mails.code(t)}, 200, nil)
	first := s.login(ada)
	s.call("GET", "/users/me", first.Access, nil, 200, nil)
	second := s.refresh(first)
	s.call("POST", "/auth/logout", "", map[string]any{"refresh_token": second.Refresh}, 200, nil)
	s.call("GET", "/users/me", second.Access, nil, 401, nil)

	boss := map[string]any{"email": "boss@example.com", "password": "an admin's own password"}
	p.input("an admin's own password\n", "exec", "-T", "api",
		"/coffeeshop", "admin", "create", "--email", "boss@example.com", "--password-stdin")
	admin := s.login(boss)
	var page struct {
		Users []struct{ Email, Role string }
	}
	s.call("GET", "/users", admin.Access, nil, 200, &page)
	if len(page.Users) != 2 || page.Users[0].Role != "admin" {
		t.Errorf("listed %+v", page.Users)
	}

	// A new container on the same volumes: same accounts, same secret.
	p.compose("up", "-d", "--no-deps", "--force-recreate", "api")
	s = p.service()
	s.call("GET", "/users/me", admin.Access, nil, 200, nil)
	s.call("GET", "/users/me", s.refresh(admin).Access, nil, 200, nil)

	if logs := p.compose("logs", "api"); strings.Contains(logs, password) || strings.Contains(logs, admin.Refresh) {
		t.Error("a secret is in the log")
	}
}

// checkImage holds the built image against what is promised of it.
func checkImage(t *testing.T, p *project) {
	t.Helper()
	var image []struct {
		Size   int64
		Config struct {
			User         string
			Healthcheck  *struct{ Test []string }
			Volumes      map[string]any
			ExposedPorts map[string]any
			Labels       map[string]string
		}
	}
	if err := json.Unmarshal([]byte(p.docker("image", "inspect", p.image)), &image); err != nil {
		t.Fatal(err)
	}
	got := image[0]
	t.Logf("the image has %.1f MB and runs as %s", float64(got.Size)/1e6, got.Config.User)
	if got.Size >= maxImageSize {
		t.Errorf("the image has %d bytes, want less than %d", got.Size, maxImageSize)
	}
	uid, _, _ := strings.Cut(got.Config.User, ":")
	if n, err := strconv.Atoi(uid); err != nil || n == 0 {
		t.Errorf("the image runs as %q, want a number other than 0", got.Config.User)
	}
	if got.Config.Healthcheck == nil || got.Config.Volumes["/data"] == nil || got.Config.ExposedPorts["8000/tcp"] == nil {
		t.Errorf("the image has %+v, want a health check, a volume /data and port 8000", got.Config)
	}
	if l := got.Config.Labels; l["org.opencontainers.image.version"] == "" || l["org.opencontainers.image.licenses"] != "MIT" {
		t.Errorf("the image's labels are %v", l)
	}
	id := strings.TrimSpace(p.docker("create", p.image))
	defer p.docker("rm", id)
	if text := p.docker("cp", id+":/licenses.txt", "-"); !strings.Contains(text, "Apache License") {
		t.Error("the image does not contain the licences")
	}
}

// service is the API as its published port shows it.
type service struct {
	t   *testing.T
	url string
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (s service) login(credentials map[string]any) tokens {
	s.t.Helper()
	var pair tokens
	s.call("POST", "/auth/login", "", credentials, 200, &pair)
	return pair
}

func (s service) refresh(pair tokens) tokens {
	s.t.Helper()
	var next tokens
	s.call("POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}, 200, &next)
	if next.Refresh == pair.Refresh {
		s.t.Error("the refresh token was not rotated")
	}
	return next
}

// call fails the test unless the answer has this status; its body goes to into, unless that is nil.
func (s service) call(method, path, token string, body any, status int, into any) {
	s.t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if body == nil {
		sent = nil
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(sent))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != status {
		s.t.Fatalf("%s %s answered %s %s, want %d", method, path, resp.Status, got, status)
	}
	if into != nil {
		if err := json.Unmarshal(got, into); err != nil {
			s.t.Fatal(err)
		}
	}
}
