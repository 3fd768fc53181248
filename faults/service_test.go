//go:build faults

package faults_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
)

const (
	password      = "correct horse battery"
	adminEmail    = "boss@example.com"
	adminPassword = "an admin's own password"
)

// service is one installation, whose process starts and ends often.
type service struct {
	t       *testing.T
	environ []string
	url     string
	metrics string
	log     string
	cmd     *exec.Cmd
}

func newService(t *testing.T, environ ...string) *service {
	t.Helper()
	dir, public, admin := t.TempDir(), freePort(t), freePort(t)
	s := &service{t: t, url: "http://" + public, metrics: "http://" + admin + "/metrics", log: filepath.Join(dir, "log")}
	s.environ = append([]string{asService + "=1", "HTTP_ADDR=" + public, "ADMIN_ADDR=" + admin, "DATA_DIR=" + dir, "BCRYPT_COST=4", "RATE_LIMITS=off",
		"ADMIN_EMAIL=" + adminEmail, "ADMIN_PASSWORD=" + adminPassword, "SECRET_KEY=one secret that all processes share"}, environ...)
	t.Cleanup(s.kill)
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// launch starts the process, without waiting for it.
func (s *service) launch() {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(os.Args[0], "serve")
	s.cmd.Env, s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.environ, filepath.Dir(s.log), log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) start() {
	s.t.Helper()
	s.launch()
	s.until(30*time.Second, "ready", func() bool { return s.call("GET", "/readyz", "", nil).status == 200 })
}

func (s *service) until(limit time.Duration, what string, happened func() bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	for !happened() {
		if time.Since(began) > limit {
			s.t.Fatalf("within %v not %s; the log ends with\n%s", limit, what, s.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

func (s *service) tail() string {
	text, _ := os.ReadFile(s.log)
	return string(text[max(0, len(text)-2000):])
}

// kill is `kill -9`.
func (s *service) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// stop is an orderly end.
func (s *service) stop() {
	s.t.Helper()
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("the end was not in order: %v\n%s", err, s.tail())
	}
}

// answer is what came back; of a call that got none, status is 0.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
	err    error
}

func (a answer) String() string { return fmt.Sprintf("%d %s %v", a.status, a.body, a.err) }

func (a answer) text(name string) string {
	var all map[string]any
	_ = json.Unmarshal(a.body, &all)
	return fmt.Sprint(all[name])
}

var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func (s *service) call(method, path, token string, body any) answer {
	return call(s.url, method, path, token, body)
}

func call(url, method, path, token string, body any) (a answer) {
	began := time.Now()
	defer func() { a.took = time.Since(began) }()
	sent := []byte{}
	if body != nil {
		sent, a.err = json.Marshal(body)
	}
	req, err := http.NewRequest(method, url+path, bytes.NewReader(sent))
	if err != nil {
		return answer{err: err}
	}
	req.GetBody = nil // a request is sent once
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{err: err}
	}
	return answer{status: res.StatusCode, header: res.Header, body: text}
}

type fields map[string]any

func (s *service) signUp(email string) answer {
	return s.call("POST", "/auth/signup", "", fields{"email": email, "password": password})
}

// login returns an admin's tokens.
func (s *service) login() (access, refresh string) {
	s.t.Helper()
	a := s.call("POST", "/auth/login", "", fields{"email": adminEmail, "password": adminPassword})
	if a.status != 200 {
		s.t.Fatal(a)
	}
	return a.text("access_token"), a.text("refresh_token")
}

// beside runs work in so many goroutines, again and again until stop is called, which waits for them.
func beside(workers int, work func(worker, turn int)) (stop func()) {
	var group sync.WaitGroup
	done := make(chan struct{})
	for worker := range workers {
		group.Go(func() {
			for turn := 0; ; turn++ {
				select {
				case <-done:
					return
				default:
					work(worker, turn)
				}
			}
		})
	}
	return func() { close(done); group.Wait() }
}

// tally counts what happened.
type tally struct {
	mu    sync.Mutex
	n     map[string]int
	worst time.Duration
}

func (c *tally) add(what string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
	c.worst = max(c.worst, took)
}

// onEngines runs a test on SQLite and on PostgreSQL.
func onEngines(t *testing.T, test func(t *testing.T, engine string, environ []string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, "SQLite", nil) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, "PostgreSQL", []string{"DATABASE_URL=" + pgtest.New(t)}) })
}

// number is the value of a metric without labels.
func (s *service) number(name string) float64 {
	s.t.Helper()
	a := call(s.metrics, "GET", "", "", nil)
	for line := range strings.Lines(string(a.body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			var n float64
			if _, err := fmt.Sscan(value, &n); err != nil {
				s.t.Fatal(err)
			}
			return n
		}
	}
	s.t.Fatal(errors.Join(fmt.Errorf("there is no metric %s: %d", name, a.status), a.err))
	return 0
}
