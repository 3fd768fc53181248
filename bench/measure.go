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
)

// starts is how often the service is started for the median.
const starts = 9

var calls = map[string]string{opMe: "GET /users/me", opRefresh: "POST /auth/refresh", opLogin: "POST /auth/login"}

func (b *bench) length() time.Duration { return time.Duration(b.seconds) * time.Second }

// engine measures all rows of one engine.
func (b *bench) engine(ctx context.Context, engine string) error {
	is := func(op string) bool { return b.wanted(op + " " + engine) }
	if slices.ContainsFunc([]string{opMe, opRefresh, opLogin, opStorm, opStart, opMemory}, is) {
		s, err := b.prepare(ctx, engine, smallTable)
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
	var took []time.Duration
	for range starts {
		v, err := b.serve(ctx, s)
		if err != nil {
			return err
		}
		took = append(took, v.ready)
		if err := v.stop(); err != nil {
			return err
		}
	}
	slices.Sort(took)
	median := took[starts/2]
	b.add(row{what: "start to ready", engine: s.engine, result: fmt.Sprintf("%d ms (up to %d ms)", median.Milliseconds(), took[starts-1].Milliseconds()),
		goal: "under 300 ms", met: verdict(median < 300*time.Millisecond)})
	return nil
}

// running is a service with what its loads need.
type running struct {
	*service
	*bench
	tokens []tokens
	most   int64 // memory seen under load
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
	switch op {
	case opMe:
		return r.drive(ctx, r.addr, getMe(r.tokens), seconds)
	case opLogin:
		return r.drive(ctx, r.addr, logIn(r.site, connections), seconds)
	}
	return refresh(ctx, r.addr, r.tokens, time.Duration(seconds)*time.Second)
}

func (b *bench) loads(ctx context.Context, s *site, is func(op string) bool) (err error) {
	r, err := b.running(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	if err := rest(ctx, 2*time.Second); err != nil {
		return err
	}
	idle, err := residentMemory(r.program.cmd.Process.Pid)
	if err != nil {
		return err
	}
	// Refresh comes last: a session whose generation has moved on is read differently.
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
		b.add(row{what: "memory when idle", engine: s.engine, memory: idle, goal: "under 40 MiB", met: verdict(idle < 40*mib)})
		b.add(row{what: "memory under load", engine: s.engine, memory: r.most, goal: "under 120 MiB", met: verdict(r.most < 120*mib)})
	}
	return nil
}

// limit is what an operation is held against.
type limit struct {
	name    string
	measure func(ctx context.Context) (float64, error)
	goal    float64
}

func (r *running) limitOf(op string) *limit {
	onPostgres := r.site.engine == postgres
	switch {
	case op == opLogin:
		return &limit{"bcrypt alone", func(ctx context.Context) (float64, error) { return bcryptRate(ctx, r.length()) }, 0.95}
	case op == opMe && onPostgres:
		return &limit{"pgbench -S", func(ctx context.Context) (float64, error) { return r.postgres.pgbench(ctx, "-S") }, 0.8}
	case op == opMe:
		return &limit{"bare Fiber", func(ctx context.Context) (float64, error) { return r.bareFiberRate(ctx, getMe(r.tokens)) }, 0.45}
	case onPostgres:
		return &limit{"pgbench -N", func(ctx context.Context) (float64, error) { return r.postgres.pgbench(ctx, "-N") }, 1.25}
	}
	return nil
}

// compare measures limit, service, limit.
func (r *running) compare(ctx context.Context, op string) error {
	if _, err := r.once(ctx, op, 1); err != nil { // statements are prepared, connections opened
		return err
	}
	l := r.limitOf(op)
	var before, after float64
	var err error
	if l != nil {
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
		line.goal, line.met = fmt.Sprintf("%.2f", l.goal), verdict(ratio >= l.goal)
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
	if _, err := r.postgres.sql(ctx, "pgbench", "VACUUM"); err != nil {
		return err
	}
	return r.postgres.settle(ctx, r.site.name)
}

// storm holds both operations at once against each of them alone.
func (r *running) storm(ctx context.Context) error {
	me, logins := getMe(r.tokens), logIn(r.site, stormClients)
	quiet := func(l load) (sample, error) {
		if err := r.settle(ctx); err != nil {
			return sample{}, err
		}
		return r.drive(ctx, r.addr, l, r.seconds)
	}
	before, err := quiet(me)
	if err != nil {
		return err
	}
	alone, err := quiet(logins)
	if err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	var beside sample
	s, used, err := r.watch(func() (sample, error) {
		endLogins, err := r.spray(ctx, r.addr, logins, r.seconds)
		if err != nil {
			return sample{}, err
		}
		s, err := r.drive(ctx, r.addr, me, r.seconds)
		var errLogins error
		beside, errLogins = endLogins()
		return s, errors.Join(err, errLogins)
	})
	if err != nil {
		return err
	}
	after, err := quiet(me)
	if err != nil {
		return err
	}
	r.most = max(r.most, used.memory)
	kept := s.rate() * 2 / (before.rate() + after.rate())
	r.add(row{what: "storm: GET /users/me", engine: r.site.engine, sample: s, memory: used.memory,
		result: fmt.Sprintf("%.2f of quiet (%s/s, %s/s)", kept, grouped(before.rate()), grouped(after.rate())),
		goal:   "0.80, p99 at most 15 ms", met: verdict(kept >= 0.8 && s.p99 <= 15*time.Millisecond)})
	kept = beside.rate() / alone.rate()
	r.add(row{what: "storm: POST /auth/login", engine: r.site.engine, sample: beside, memory: used.memory,
		result: fmt.Sprintf("%.2f of quiet (%s/s)", kept, grouped(alone.rate())), goal: "0.50", met: verdict(kept >= 0.5)})
	return nil
}
