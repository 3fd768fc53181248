//go:build compose

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"coffeeshop/adapters/mail/transporttest"
)

// project is a Compose project of its own, with ports that the engine chooses.
type project struct {
	t     *testing.T
	name  string
	image string
	start []string // the command: `docker compose` or `docker-compose`, with its files
	env   []string
}

// newProject prepares a project that mails to a port of this machine. At the test's end it shows the logs of a
// failure and takes everything down, the volumes and the image too.
func newProject(t *testing.T, mailPort int) *project {
	t.Helper()
	name := cmp.Or(os.Getenv("COMPOSE_TEST_PROJECT"), fmt.Sprintf("coffeeshop-test-%d", os.Getpid()))
	dir := t.TempDir()
	override := filepath.Join(dir, "override.yml")
	settings := filepath.Join(dir, "settings.env") // in the place of the developer's own .env
	for path, text := range map[string]string{
		override: "services:\n  api:\n    extra_hosts:\n      - host.docker.internal:host-gateway\n",
		settings: "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &project{t: t, name: name, image: name + ":latest", env: append(os.Environ(),
		"API_IMAGE="+name+":latest", "API_PORT=0", "BCRYPT_COST=10",
		"EMAIL_HOST=host.docker.internal", fmt.Sprintf("EMAIL_PORT=%d", mailPort), "EMAIL_TLS=none",
		"DATABASE_URL=", "DB_USER=", "DB_PASS=", "DB_NAME=", "SECRET_KEY=", "ADMIN_EMAIL=", "ADMIN_PASSWORD=",
	)}
	p.start = []string{"docker-compose"}
	if exec.Command("docker", "compose", "version").Run() == nil {
		p.start = []string{"docker", "compose"}
	}
	p.start = append(p.start, "-p", name, "--env-file", settings, "-f", "docker-compose.yml", "-f", override)
	t.Cleanup(func() {
		if t.Failed() {
			logs, _ := p.run(context.Background(), "", append(p.start, "logs", "--tail", "50"))
			t.Logf("%s", logs)
		}
		for _, args := range [][]string{append(p.start, "down", "-v", "--remove-orphans", "-t", "5"), {"docker", "image", "rm", "-f", p.image}} {
			if out, err := p.run(context.Background(), "", args); err != nil {
				t.Errorf("%v: %v: %s", args, err, out)
			}
		}
	})
	return p
}

// service waits until the container calls itself healthy.
func (p *project) service() service {
	p.t.Helper()
	id := strings.TrimSpace(p.compose("ps", "-q", "api"))
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		state := strings.TrimSpace(p.docker("inspect", "-f", "{{.State.Health.Status}} {{.RestartCount}}", id))
		if state == "healthy 0" {
			break
		}
		if time.Now().After(deadline) || !strings.HasSuffix(state, " 0") {
			p.t.Fatalf("the API's container is %s (restarts)", state)
		}
	}
	return service{p.t, "http://" + strings.TrimSpace(p.compose("port", "api", "8000"))}
}

func (p *project) compose(args ...string) string { return p.input("", args...) }

// input is compose with a standard input.
func (p *project) input(stdin string, args ...string) string {
	p.t.Helper()
	return p.must(stdin, append(append([]string{}, p.start...), args...))
}

func (p *project) docker(args ...string) string {
	p.t.Helper()
	return p.must("", append([]string{"docker"}, args...))
}

func (p *project) must(stdin string, args []string) string {
	p.t.Helper()
	out, err := p.run(p.t.Context(), stdin, args)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// run returns the standard output; after a failure all that was printed.
func (p *project) run(ctx context.Context, stdin string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.env, strings.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return stdout.String() + stderr.String(), err
	}
	return stdout.String(), nil
}

// mailServer takes every mail; containers reach it over the engine's gateway.
type mailServer struct {
	port int
	raw  chan string
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{port: listener.Addr().(*net.TCPAddr).Port, raw: make(chan string, 16)}
	server := smtp.NewServer(m)
	server.Domain, server.ReadTimeout, server.WriteTimeout = "localhost", 30*time.Second, 30*time.Second
	go func() { _ = server.Serve(listener) }() // until Close
	t.Cleanup(func() { server.Close() })
	return m
}

var codePattern = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)

// code waits for the next mail and returns its six digits.
func (m *mailServer) code(t *testing.T) string {
	t.Helper()
	select {
	case raw := <-m.raw:
		text := transporttest.Read(t, raw).Text
		if found := codePattern.FindStringSubmatch(text); found != nil {
			return found[1]
		}
		t.Fatalf("no code in %q", text)
	case <-time.After(time.Minute):
		t.Fatal("no mail came in a minute")
	}
	return ""
}

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }

type mailSession struct{ *mailServer }

func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }

func (s mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	s.raw <- string(raw)
	return err
}
