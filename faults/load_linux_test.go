//go:build faults

package faults_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
)

// median is that of calls of `me`, one after another.
func (s *service) median(access string, lasts time.Duration) time.Duration {
	s.t.Helper()
	var all []time.Duration
	for began := time.Now(); time.Since(began) < lasts; {
		a := s.call("GET", "/users/me", access, nil)
		if a.status != 200 {
			s.t.Errorf("refused: %s", a)
		}
		all = append(all, a.took)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func TestSlowConnections_HoldUpNobody(t *testing.T) {
	s := newService(t)
	s.start()
	access, _ := s.login()
	var ratios []float64
	for range 3 {
		quiet := s.median(access, several(4*time.Second, time.Second))
		done := make(chan struct{})
		var group sync.WaitGroup
		for range 500 {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				defer conn.Close()
				_, _ = conn.Write([]byte("POST /auth/login HTTP/1.1\r\nHost: localhost\r\nX-Slow: "))
				for {
					select {
					case <-done:
						return
					case <-time.After(time.Second):
						if _, err := conn.Write([]byte("a")); err != nil {
							return // the service has had enough of it
						}
					}
				}
			})
		}
		ratios = append(ratios, float64(s.median(access, several(4*time.Second, time.Second)))/float64(quiet))
		close(done)
		group.Wait()
	}
	if slices.Max(ratios) > 1.5 {
		t.Errorf("ratios %.2f", ratios)
	}
	tell(t, "500 connections that send a byte a second", "the median of others within 1.5 times of the quiet one, none refused", "%.2f times in three runs, none refused", ratios)
}

func TestRollingRestarts_FailNoRequest(t *testing.T) {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/haproxy")
	}
	if err != nil {
		if os.Getenv("REQUIRE_HAPROXY") == "1" {
			t.Fatal(err)
		}
		t.Skip("haproxy is not installed") // .ci/run installs it
	}
	m := newMails(t)
	database := pgtest.New(t)
	var both []*service
	for range 2 {
		s := newService(t, append(m.environ(), "DATABASE_URL="+database, fmt.Sprintf("SHUTDOWN_DELAY_SECONDS=%d", several(5, 3)))...)
		s.start()
		both = append(both, s)
	}
	front := freePort(t)
	settings := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := "defaults\n mode http\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n retries 0\nfrontend f\n bind " + front + "\n default_backend b\n" +
		"backend b\n option httpchk GET /readyz\n http-check expect status 200\n default-server check inter 500ms fall 1 rise 1\n"
	for i, s := range both {
		text += fmt.Sprintf(" server s%d %s\n", i, strings.TrimPrefix(s.url, "http://"))
	}
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.Command(program, "-db", "-f", settings)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })
	url := "http://" + front
	both[0].until(10*time.Second, "in front", func() bool { return call(url, "GET", "/readyz", "", nil).status == 200 })

	access, _ := both[0].login()
	tokens := make([]string, 6)
	for i := range tokens {
		_, tokens[i] = both[0].login()
	}
	var requests atomic.Int64
	check := func(a answer, want int) answer {
		requests.Add(1)
		if a.status != want {
			t.Errorf("failed: %s", a)
		}
		return a
	}
	stop := beside(len(tokens), func(worker, turn int) {
		switch {
		case worker < 2:
			check(call(url, "GET", "/users/me", access, nil), 200)
		case worker < 3:
			check(call(url, "POST", "/auth/signup", "", fields{"email": fmt.Sprintf("u%d@example.com", turn), "password": password}), 201)
		default:
			if a := check(call(url, "POST", "/auth/refresh", "", fields{"refresh_token": tokens[worker]}), 200); a.status == 200 {
				tokens[worker] = a.text("refresh_token")
			}
		}
		time.Sleep(2 * time.Millisecond)
	})
	rounds := several(3, 1)
	for range rounds {
		began := time.Now()
		for _, s := range both {
			s.stop()
			s.start()
			time.Sleep(2 * time.Second) // until it is seen
		}
		time.Sleep(several(30*time.Second, 0) - time.Since(began))
	}
	stop()
	for _, refresh := range tokens {
		check(call(url, "POST", "/auth/refresh", "", fields{"refresh_token": refresh}), 200)
	}
	tell(t, fmt.Sprintf("%d rolling restarts of two replicas behind haproxy, under load", rounds), "no failed request, no lost session",
		"%d requests, none failed; all %d sessions go on", requests.Load(), len(tokens))
}

// memory is what the process holds in bytes, without the pages of SQLite's file that are mapped: they grow with the rows.
func (s *service) memory() float64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "RssAnon:")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		s.t.Fatal(err)
	}
	return kib * 1024
}

func TestLoad_LeaksNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, engine string, environ []string) {
		m := newMails(t)
		s := newService(t, append(environ, m.environ()...)...)
		s.start()
		access, _ := s.login()
		tokens := make([]string, 8)
		for i := range tokens {
			_, tokens[i] = s.login()
		}
		stop := beside(len(tokens), func(worker, _ int) {
			if worker < 4 {
				if a := s.call("GET", "/users/me", access, nil); a.status != 200 {
					t.Error(a)
				}
				return
			}
			a := s.call("POST", "/auth/refresh", "", fields{"refresh_token": tokens[worker]})
			if a.status != 200 {
				t.Fatal(a)
			}
			tokens[worker] = a.text("refresh_token")
		})
		measures := []func() float64{
			func() float64 { return s.memory() }, func() float64 { return s.number("go_goroutines") }, func() float64 { return s.number("process_open_fds") },
		}
		third := several(time.Minute, 3*time.Second)
		sums := make([][3]float64, 3)
		for part := range sums {
			n := 0.0
			for began := time.Now(); time.Since(began) < third; time.Sleep(250 * time.Millisecond) {
				n++
				for i, measure := range measures {
					sums[part][i] += measure()
				}
			}
			for i := range measures {
				sums[part][i] /= n
			}
		}
		stop()
		var found []string
		for i, name := range []string{"memory", "goroutines", "open files"} {
			ratio := sums[2][i] / sums[1][i]
			found = append(found, fmt.Sprintf("%s %.2f times", name, ratio))
			if ratio > 1.1 && !testing.Short() {
				t.Errorf("%s: %.2f times", name, ratio)
			}
		}
		tell(t, fmt.Sprintf("%s: full load for %.0f s", engine, 3*third.Seconds()), "the last third within a tenth of the middle one", "%s", strings.Join(found, ", "))
	})
}
