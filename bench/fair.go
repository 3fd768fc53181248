package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A flood's turns are short, and quiet ones lie between: what else the machine does disturbs all alike.
const (
	fairTurns     = 8
	fairLogins    = 25 // a turn
	fairUnrelated = 5  // a turn beside a flood of networks that have nothing to do with each other: a login waits for all
)

// The newcomer logs in from a network where nobody else is.
const newcomer = "198.51.100.1"

// flood is what 64 clients do without a pause.
type flood struct {
	from    string
	network func(client int) string
	logins  int  // of the newcomer beside it, a turn
	goal    bool // the newcomer is owed one
}

var floods = []flood{
	{"one network", func(int) string { return "192.0.2.1" }, fairLogins, true},
	{"64 /64s of one /48", func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, fairLogins, true},
	{"64 unrelated networks", func(i int) string { return fmt.Sprintf("203.0.%d.1", i) }, fairUnrelated, false},
}

// fair holds logins of one network beside a flood from elsewhere against the same logins alone.
func (b *bench) fair(ctx context.Context, engine string) (err error) {
	s, err := b.prepare(ctx, b.binary, engine, smallTable, bcryptCost)
	if err != nil {
		return err
	}
	v, err := b.serve(ctx, s, "TRUSTED_PROXIES=127.0.0.0/8")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	c, err := dial(ctx, v.addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.conn.Close() }()
	var alone logins
	if err := new(logins).add(ctx, c, s, fairLogins); err != nil { // statements are prepared
		return err
	}
	beside := make([]logins, len(floods))
	for turn := range fairTurns {
		b.progress("fair: turn %d of %d", turn+1, fairTurns)
		if err := v.quiet(ctx); err != nil {
			return err
		}
		if err := alone.add(ctx, c, s, fairLogins); err != nil {
			return err
		}
		for i, f := range floods {
			end, err := f.begin(ctx, v)
			if err != nil {
				return err
			}
			if err := errors.Join(beside[i].add(ctx, c, s, f.logins), end()); err != nil {
				return err
			}
		}
	}
	quiet := alone.sample()
	b.add(row{what: "fair: POST /auth/login, alone", engine: engine, sample: quiet})
	for i, f := range floods {
		line := row{what: "fair: beside " + f.from, engine: engine, sample: beside[i].sample()}
		p50, p95 := times(line.sample.p50, quiet.p50), times(line.sample.p95, quiet.p50)
		line.result = fmt.Sprintf("p50 %.2f, p95 %.2f of p50 alone; %d logins", p50, p95, beside[i].all())
		if f.goal {
			line.goal, line.met = "2.50, 3.00, none refused", met(p50 <= 2.5 && p95 <= 3 && line.sample.refused == 0)
		}
		b.add(line)
	}
	return nil
}

func times(d, of time.Duration) float64 { return float64(d) / float64(of) }

// logins are those of the newcomer, one after the other.
type logins struct {
	took    []time.Duration
	refused int
}

func (l *logins) all() int { return len(l.took) + l.refused }

func (l *logins) add(ctx context.Context, c *client, s *site, n int) error {
	request := logInFrom(newcomer, s.hot()[0], password)
	for range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		start := time.Now()
		status, err := c.call(request)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			l.took = append(l.took, time.Since(start))
		case refusal(status):
			l.refused++
		default:
			return fmt.Errorf("a login was answered %d", status)
		}
	}
	return nil
}

func (l *logins) sample() sample {
	var sum time.Duration
	for _, d := range l.took {
		sum += d
	}
	s := sampleOf(l.took, sum)
	s.refused = l.refused
	return s
}

func refusal(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}

// begin starts a flood, half of it with wrong passwords. The function that it returns ends it, and waits for the
// answers that are still to come.
func (f flood) begin(ctx context.Context, v *service) (end func() error, err error) {
	clients := make([]*client, 0, stormClients)
	hangUp := func() {
		for _, c := range clients {
			_ = c.conn.Close()
		}
	}
	for range stormClients {
		c, err := dial(ctx, v.addr)
		if err != nil {
			hangUp()
			return nil, err
		}
		clients = append(clients, c)
	}
	ctx, stop := context.WithCancel(ctx)
	errs := make([]error, len(clients))
	var running sync.WaitGroup
	accounts := v.site.hot()[1:]
	for i, c := range clients {
		requests := []string{logInFrom(f.network(i), accounts[i], password), logInFrom(f.network(i), accounts[i], "wrong")}
		running.Go(func() { errs[i] = c.press(ctx, requests[i%2], requests[1-i%2]) })
	}
	end = func() error {
		stop()
		running.Wait()
		hangUp()
		return errors.Join(errs...)
	}
	if err := rest(ctx, time.Second/2); err != nil { // until the queue has grown
		return nil, errors.Join(err, end())
	}
	return end, nil
}

// press sends requests in turn until it is stopped.
func (c *client) press(ctx context.Context, requests ...string) error {
	for i := 0; ctx.Err() == nil; i++ {
		status, err := c.call(requests[i%len(requests)])
		if err != nil {
			return err
		}
		if status != http.StatusOK && status != http.StatusUnauthorized && !refusal(status) {
			return fmt.Errorf("a login of the flood was answered %d", status)
		}
	}
	return nil
}

// logInFrom is a login as a proxy would send it on behalf of a network.
func logInFrom(ip string, user int, password string) string {
	return strings.Replace(post("/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email(user), password)),
		"Host: bench\r\n", "Host: bench\r\nX-Forwarded-For: "+ip+"\r\n", 1)
}

// sampleOf sums up a load by how long each of its requests took.
func sampleOf(took []time.Duration, length time.Duration) sample {
	if len(took) == 0 {
		return sample{time: length}
	}
	slices.Sort(took)
	at := func(share float64) time.Duration { return took[min(len(took)-1, int(share*float64(len(took))))] }
	return sample{requests: len(took), time: length, p50: at(0.50), p95: at(0.95), p99: at(0.99)}
}
