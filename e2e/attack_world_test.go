package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"coffeeshop/adapters/mail/mailbox"
	"coffeeshop/bootstrap"
)

// behindProxy has the service believe what these tests say about where they are.
const behindProxy = "127.0.0.0/8"

// clock is the time of a service, which stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// besieged runs the service behind a proxy, on a clock that the test moves.
func besieged(t *testing.T, env map[string]string) (*service, *clock) {
	t.Helper()
	all := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": t.TempDir(), "BCRYPT_COST": "4", "TRUSTED_PROXIES": behindProxy,
		"ADMIN_EMAIL": adminEmail, "ADMIN_PASSWORD": adminPassword,
	}
	maps.Copy(all, env)
	c := newClock()
	running, err := bootstrap.Start(t.Context(), all, bootstrap.WithClock(c.Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections() // a connection that was never used would be waited for
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	mails, err := mailbox.New(running.Config.MailboxDir)
	if err != nil {
		t.Fatal(err)
	}
	return &service{Running: running, mails: mails}, c
}

// network is the i-th of many networks.
func network(i int) string { return fmt.Sprintf("203.%d.%d.7", i/256, i%256) }

// post sends a request as the proxy would on behalf of ip.
func (s *service) post(t *testing.T, ip, path string, body map[string]any) answer {
	t.Helper()
	return s.callWith(t, http.Header{"X-Forwarded-For": {ip}}, "POST", path, body)
}

// rush does n things, sixteen at a time, and counts the codes of their answers: "200" where there is no code.
func rush(n int, do func(i int) answer) map[string]int {
	var mu sync.Mutex
	var group sync.WaitGroup
	counts, slots := map[string]int{}, make(chan struct{}, 16)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			a := do(i)
			key := a.code()
			if key == "" {
				key = fmt.Sprint(a.status)
			}
			mu.Lock()
			defer mu.Unlock()
			counts[key]++
		})
	}
	group.Wait()
	return counts
}

// wantCounts holds counts against all the codes that are expected.
func wantCounts(t *testing.T, got, want map[string]int) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
}

// settle waits until no mail has come for a while.
func (s *service) settle(t *testing.T) {
	t.Helper()
	quiet, last := 0, -1
	for range 200 {
		if n := len(s.files(t)); n != last {
			quiet, last = 0, n
		} else if quiet++; quiet == 40 {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("mails keep coming")
}

func (s *service) files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Config.MailboxDir, "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rawMails are the mails as they would be sent.
func (s *service) rawMails(t *testing.T) []*mail.Message {
	t.Helper()
	var all []*mail.Message
	for _, name := range s.files(t) {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = file.Close() })
		m, err := mail.ReadMessage(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// sessionsOf counts the live sessions of the holder of a token.
func (s *service) sessionsOf(t *testing.T, token string) int {
	t.Helper()
	var list struct{ Sessions []struct{ ID string } }
	s.call(t, "GET", "/users/me/sessions", token, nil).want(t, 200, "").into(t, &list)
	return len(list.Sessions)
}
