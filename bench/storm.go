package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// storm compares both operations at once with each of them alone.
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
	s, used, err := r.watch(func() (s sample, err error) {
		s, beside, err = r.both(ctx, r.seconds)
		return s, err
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
		goal:   "0.80, p99 at most 15 ms", met: met(kept >= 0.8 && s.p99 <= 15*time.Millisecond)})
	kept = beside.rate() / alone.rate()
	r.add(row{what: "storm: POST /auth/login", engine: r.site.engine, sample: beside, memory: used.memory,
		result: fmt.Sprintf("%.2f of quiet (%s/s)", kept, grouped(alone.rate())), goal: "0.50", met: met(kept >= 0.5)})
	return nil
}

// both runs me while many clients log in.
func (r *running) both(ctx context.Context, seconds int) (me, logins sample, err error) {
	endLogins, err := r.spray(ctx, r.addr, logIn(r.site, stormClients), seconds)
	if err != nil {
		return me, logins, err
	}
	me, err = r.drive(ctx, r.addr, getMe(r.tokens), seconds)
	logins, errLogins := endLogins()
	return me, logins, errors.Join(err, errLogins)
}
