package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sample is the result of a load, as its clients saw it.
type sample struct {
	requests      int // that were answered, and not refused
	refused       int // with a status of 400 or more
	time          time.Duration
	p50, p95, p99 time.Duration
}

func (s sample) rate() float64 { return float64(s.requests) / s.time.Seconds() }

// merge returns the sample of several turns: all their requests, and the medians of their percentiles.
func merge(turns []sample) sample {
	var all sample
	median := func(of func(sample) time.Duration) time.Duration {
		var sorted []time.Duration
		for _, s := range turns {
			sorted = append(sorted, of(s))
		}
		slices.Sort(sorted)
		return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	}
	for _, s := range turns {
		all.requests, all.refused, all.time = all.requests+s.requests, all.refused+s.refused, all.time+s.time
	}
	all.p50 = median(func(s sample) time.Duration { return s.p50 })
	all.p95 = median(func(s sample) time.Duration { return s.p95 })
	all.p99 = median(func(s sample) time.Duration { return s.p99 })
	return all
}

// The script has wrk send requests that are ready in turn, and print what it saw in numbers.
const script = `local requests = {
%s}
local at = 0
function request()
	at = at %% #requests + 1
	return requests[at]
end
function done(summary, latency)
	local e = summary.errors
	io.write(string.format("SAW %%d %%d %%d %%d %%d %%d %%d\n", summary.requests, summary.duration, e.status,
		e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
`

// load is what wrk sends, from how many clients.
type load struct {
	name      string
	clients   int
	requests  []string
	refusable bool // more than can be done is asked for: what is refused at once is no failure
}

// spray starts wrk; the function that it returns waits for the end.
func (b *bench) spray(ctx context.Context, addr string, l load, seconds int) (func() (sample, error), error) {
	var lines strings.Builder
	for _, r := range l.requests {
		lines.WriteString(strconv.Quote(r) + ",\n")
	}
	file := filepath.Join(b.dir, l.name+".lua")
	if err := os.WriteFile(file, fmt.Appendf(nil, script, lines.String()), 0o600); err != nil {
		return nil, err
	}
	p, err := begin(ctx, nil, b.dir, "", nil, syscall.SIGKILL, b.programs.wrk, "-t", "1", "-c", strconv.Itoa(l.clients),
		"-d", strconv.Itoa(seconds)+"s", "--timeout", "30s", "-s", file, "http://"+addr)
	if err != nil {
		return nil, err
	}
	return func() (sample, error) {
		out, err := p.output()
		if err != nil {
			return sample{}, err
		}
		s, err := read(out)
		if err != nil {
			return s, fmt.Errorf("%s: %w", l.name, err)
		}
		if s.refused > 0 && !l.refusable {
			return s, fmt.Errorf("%s: %d requests were refused", l.name, s.refused)
		}
		return s, nil
	}, nil
}

func read(out string) (sample, error) {
	_, line, _ := strings.Cut(out, "SAW ")
	var s sample
	var faults int
	var took, p50, p95, p99 int64 // microseconds
	if _, err := fmt.Sscan(line, &s.requests, &took, &s.refused, &faults, &p50, &p95, &p99); err != nil {
		return s, fmt.Errorf("wrk is not understood (%w):\n%s", err, out)
	}
	s.requests -= s.refused
	s.time, s.p50 = time.Duration(took)*time.Microsecond, time.Duration(p50)*time.Microsecond
	s.p95, s.p99 = time.Duration(p95)*time.Microsecond, time.Duration(p99)*time.Microsecond
	switch {
	case faults > 0:
		return s, fmt.Errorf("%d requests got no answer", faults)
	case s.requests == 0:
		return s, fmt.Errorf("no request was answered, %d were refused", s.refused)
	}
	return s, nil
}

// drive runs one load to its end.
func (b *bench) drive(ctx context.Context, addr string, l load, seconds int) (sample, error) {
	end, err := b.spray(ctx, addr, l, seconds)
	if err != nil {
		return sample{}, err
	}
	return end()
}

func getMe(all []tokens) load {
	l := load{name: "me", clients: connections}
	for _, t := range all {
		l.requests = append(l.requests, "GET /users/me HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nAuthorization: Bearer "+t.access+"\r\n\r\n")
	}
	return l
}

func logIn(s *site, clients int) load {
	l := load{name: "login", clients: clients, refusable: true}
	for _, i := range s.hot() {
		l.requests = append(l.requests, post("/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email(i), password)))
	}
	return l
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, len(body), body)
}
