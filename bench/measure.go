package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The rows, by the first word of their names; the engine is the second.
const (
	opMe      = "me"
	opRefresh = "refresh"
	opLogin   = "login"
	opStorm   = "storm"
	opFair    = "fair"
	opStart   = "start"
	opMemory  = "memory"
	opGrowth  = "growth"
	opProfile = "profile"
	opSingle  = "single"
	opBeside  = "beside"
	opCheap   = "cheap"
)

// starts is how often the service is started for the median.
const starts = 9

var calls = map[string]string{opMe: "GET /users/me", opRefresh: "POST /auth/refresh", opLogin: "POST /auth/login"}

func (b *bench) length() time.Duration { return time.Duration(b.seconds) * time.Second }

// engine measures all rows of one engine.
func (b *bench) engine(ctx context.Context, engine string) error {
	is := func(op string) bool { return b.wanted(op + " " + engine) }
	if slices.ContainsFunc([]string{opMe, opRefresh, opLogin, opStorm, opStart, opMemory}, is) {
		s, err := b.prepare(ctx, b.binary, engine, smallTable, bcryptCost)
		if err != nil {
			return err
		}
		if is(opStart) {
			if err := b.start(ctx, s); err != nil {
				return err
			}
		}
		if err := b.loads(ctx, s, is); err != nil {
			return err
		}
	}
	if is(opFair) && engine == sqlite {
		if err := b.fair(ctx, engine); err != nil {
			return err
		}
	}
	if is(opGrowth) {
		if err := b.growth(ctx, engine); err != nil {
			return err
		}
	}
	if is(opProfile) {
		return b.profile(ctx, engine)
	}
	return nil
}

func (b *bench) start(ctx context.Context, s *site) error {
	median, most, err := b.startTime(ctx, s)
	if err != nil {
		return err
	}
	b.add(row{what: "start to ready", engine: s.engine, result: fmt.Sprintf("%d ms (up to %d ms)", median.Milliseconds(), most.Milliseconds()),
		goal: "under 300 ms", met: met(median < 300*time.Millisecond)})
	return nil
}

// startTime starts the service some times, and returns the median and the longest time until it was ready.
func (b *bench) startTime(ctx context.Context, s *site) (median, most time.Duration, err error) {
	var took []time.Duration
	for range starts {
		v, err := b.serve(ctx, s)
		if err != nil {
			return 0, 0, err
		}
		took = append(took, v.ready)
		if err := v.stop(); err != nil {
			return 0, 0, err
		}
	}
	slices.Sort(took)
	return took[starts/2], took[starts-1], nil
}

// running is a service with the tokens of its sessions.
type running struct {
	*service
	*bench
	tokens  []tokens
	signUps int   // turns of them
	most    int64 // memory seen under load
}

func (b *bench) running(ctx context.Context, s *site, more ...string) (*running, error) {
	v, err := b.serve(ctx, s, more...)
	if err != nil {
		return nil, err
	}
	all, err := s.signed()
	if err != nil {
		return nil, errors.Join(err, v.stop())
	}
	return &running{service: v, bench: b, tokens: all}, nil
}

// once runs one operation for so many seconds.
func (r *running) once(ctx context.Context, op string, seconds int) (sample, error) {
	if op == opLogin {
		return r.drive(ctx, r.addr, logIn(r.site, connections), seconds)
	}
	return r.drives(ctx, r.addr, r.tokens, op, seconds)
}

// drives runs me or refresh with the tokens of a server.
func (b *bench) drives(ctx context.Context, addr string, all []tokens, op string, seconds int) (sample, error) {
	if op == opMe {
		return b.drive(ctx, addr, getMe(all), seconds)
	}
	return refresh(ctx, addr, all, connections, time.Duration(seconds)*time.Second)
}

// idleMemory returns the memory of a service that nobody uses.
func (r *running) idleMemory(ctx context.Context) (int64, error) {
	if err := rest(ctx, 2*time.Second); err != nil {
		return 0, err
	}
	return residentMemory(r.program.cmd.Process.Pid)
}

func (b *bench) loads(ctx context.Context, s *site, is func(op string) bool) (err error) {
	r, err := b.running(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	idle, err := r.idleMemory(ctx)
	if err != nil {
		return err
	}
	// Refresh comes last: me reads one statement more of a session whose generation has moved on.
	for _, op := range []string{opMe, opLogin, opStorm, opRefresh} {
		switch {
		case !is(op):
			continue
		case op == opStorm:
			err = r.storm(ctx)
		default:
			err = r.compare(ctx, op)
		}
		if err != nil {
			return err
		}
	}
	if is(opMemory) && r.most > 0 {
		const mib = 1 << 20
		b.add(row{what: "memory when idle", engine: s.engine, memory: idle, goal: "under 40 MiB", met: met(idle < 40*mib)})
		b.add(row{what: "memory under load", engine: s.engine, memory: r.most, goal: "under 120 MiB", met: met(r.most < 120*mib)})
	}
	return nil
}

// limit is the rate that an operation cannot exceed on this machine.
type limit struct {
	name    string
	goal    float64 // the share of it that the service shall reach
	measure func(ctx context.Context) (float64, error)
	stop    func() error
}

// limitOf begins the limit of an operation; nil: there is none.
func (r *running) limitOf(ctx context.Context, op string) (*limit, error) {
	l := &limit{name: "the bare path", goal: 0.8, stop: func() error { return nil }}
	path, s := op, r.site
	switch onPostgres := s.engine == postgres; {
	case op == opLogin:
		l.name, l.goal = "bcrypt alone", 0.95
		l.measure = func(ctx context.Context) (float64, error) { return bcryptRate(ctx, r.length()) }
		return l, nil
	case op == opMe && !onPostgres:
		path, l.name, l.goal = bareConstant, "bare Fiber", 0.45
	case !onPostgres:
		return nil, nil
	default:
		var err error
		if s, err = r.prepare(ctx, r.binary, postgres, smallTable, bcryptCost); err != nil {
			return nil, err
		}
	}
	v, err := r.beginBare(ctx, path, s)
	if err != nil {
		return nil, err
	}
	l.stop = v.stop
	l.measure = func(ctx context.Context) (float64, error) {
		got, err := r.drives(ctx, v.addr, v.tokens, op, r.seconds)
		return got.rate(), err
	}
	return l, nil
}

// compare measures limit, service, limit.
func (r *running) compare(ctx context.Context, op string) (err error) {
	if _, err := r.once(ctx, op, 1); err != nil { // statements are prepared, connections opened
		return err
	}
	l, err := r.limitOf(ctx, op)
	if err != nil {
		return err
	}
	var before, after float64
	if l != nil {
		defer func() { err = errors.Join(err, l.stop()) }()
		if before, err = r.settled(ctx, l.measure); err != nil {
			return err
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	s, used, err := r.watch(func() (sample, error) { return r.once(ctx, op, r.seconds) })
	if err != nil {
		return err
	}
	r.most = max(r.most, used.memory)
	line := row{what: calls[op], engine: r.site.engine, sample: s, processor: used.processor / time.Duration(s.requests), memory: used.memory}
	if l != nil {
		if after, err = r.settled(ctx, l.measure); err != nil {
			return err
		}
		ratio := s.rate() * 2 / (before + after)
		line.result = fmt.Sprintf("%.2f of %s (%s/s, %s/s)", ratio, l.name, grouped(before), grouped(after))
		line.goal, line.met = fmt.Sprintf("%.2f", l.goal), met(ratio >= l.goal)
	}
	r.add(line)
	return nil
}

func (r *running) settled(ctx context.Context, measure func(ctx context.Context) (float64, error)) (float64, error) {
	if err := r.settle(ctx); err != nil {
		return 0, err
	}
	return measure(ctx)
}

func (r *running) settle(ctx context.Context) error {
	if err := r.quiet(ctx); err != nil || r.site.engine != postgres {
		return err
	}
	return r.postgres.settle(ctx, r.site.name)
}
