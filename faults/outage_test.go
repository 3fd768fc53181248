//go:build faults

package faults_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"coffeeshop/adapters/bunstore/pgtest"
)

func TestMailServer_IsAway(t *testing.T) {
	m := newMails(t)
	s := newService(t, m.environ()...)
	s.start()
	n, away := several(200, 40), several(30*time.Second, 4*time.Second)
	round := func(name string) (all []string, worst time.Duration) {
		for i := range n {
			email := fmt.Sprintf("%s%d@example.com", name, i)
			a := s.signUp(email)
			if a.status != 201 {
				t.Fatal(a)
			}
			all, worst = append(all, email), max(worst, a.took)
		}
		return all, worst
	}
	before, usual := round("before")
	s.until(time.Minute, "all mails are there", func() bool { return m.missing(before) == 0 })
	m.close()
	began := time.Now()
	during, worst := round("during")
	time.Sleep(away - time.Since(began))
	m.open()
	took := s.until(90*time.Second, "all mails are there", func() bool { return m.missing(during) == 0 })
	tell(t, fmt.Sprintf("the mail server is away for %.0f s, with %d sign-ups", away.Seconds(), n), "all are answered as usual, all mails arrive within 90 s",
		"all answered, after %d ms at most (before: %d ms); the last mail came after %.1f s", worst.Milliseconds(), usual.Milliseconds(), took.Seconds())
}

func TestDatabase_IsCutDelayedAndSwallowed(t *testing.T) {
	u, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "database", "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	m := newMails(t)
	s := newService(t, append(m.environ(), "DATABASE_URL="+u.String())...)
	s.start()
	access, _ := s.login()
	goroutines := s.number("go_goroutines")
	toxic := func(text string) {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	heal := func() { proxy.Toxics.ResetToxics(context.Background()) }
	var names atomic.Int64
	for _, fault := range []struct {
		name       string
		lasts      time.Duration
		begin, end func()
	}{
		{"connections are cut for 3 s", 3 * time.Second, proxy.Stop, func() {
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}},
		{"each answer of the database comes 200 ms later", 3 * time.Second, func() { toxic(`{"type":"latency","stream":"downstream","attributes":{"latency":200}}`) }, heal},
		{"the line swallows everything for 5 s", 5 * time.Second, func() {
			toxic(`{"name":"a","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`)
			toxic(`{"name":"b","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`)
		}, heal},
	} {
		var got tally
		judge := func(a answer, well int) {
			switch {
			case a.status == well:
				got.add("right", a.took)
			case a.status == 503 && a.header.Get("Retry-After") != "":
				got.add("503", a.took)
			default:
				got.add("wrong", a.took)
				t.Errorf("%s: %s", fault.name, a)
			}
		}
		stop := beside(4, func(worker, _ int) {
			if worker == 0 {
				judge(s.signUp(fmt.Sprintf("u%d@example.com", names.Add(1))), 201)
			} else {
				judge(s.call("GET", "/users/me", access, nil), 200)
			}
			time.Sleep(5 * time.Millisecond)
		})
		time.Sleep(500 * time.Millisecond)
		fault.begin()
		time.Sleep(fault.lasts)
		fault.end()
		back := s.until(30*time.Second, "back", func() bool {
			return s.call("GET", "/users/me", access, nil).status == 200 && s.call("GET", "/readyz", "", nil).status == 200
		})
		stop()
		if back > 2*time.Second {
			t.Errorf("%s: back after %v", fault.name, back)
		}
		tell(t, "PostgreSQL: "+fault.name, "the answer, or 503 with `Retry-After`; back within 2 s",
			"%d right, %d times 503, %d wrong, the slowest after %.1f s; back after %.1f s", got.n["right"], got.n["503"], got.n["wrong"], got.worst.Seconds(), back.Seconds())
	}
	client.CloseIdleConnections()
	s.until(40*time.Second, "as many goroutines as before, and ten", func() bool { return s.number("go_goroutines") <= goroutines+10 })
	tell(t, "PostgreSQL: after all of these", "no leak", "%.0f goroutines, %.0f before", s.number("go_goroutines"), goroutines)
}
