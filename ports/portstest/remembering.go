package portstest

import (
	"time"

	"github.com/google/uuid"
)

// remember keeps a key until the given time.
func (e *env) remember(key string, until time.Time) {
	e.Helper()
	e.must(e.Store.Throttles().Remember(e.ctx, key, until))
}

func (e *env) remembered(key string, now time.Time) bool {
	e.Helper()
	return ok[bool](e)(e.Store.Throttles().Remembered(e.ctx, key, now))
}

var rememberTests = tests{
	"a key is remembered until its time, and no longer at it": func(e *env) {
		key := uuid.NewString()
		same(e, e.remembered(key, e.now), false)
		e.remember(key, e.now.Add(time.Hour))
		same(e, e.remembered(key, e.now), true)
		same(e, e.remembered(key, e.now.Add(time.Hour-time.Microsecond)), true)
		same(e, e.remembered(key, e.now.Add(time.Hour)), false)
		same(e, e.remembered(key, e.now.Add(2*time.Hour)), false)
		same(e, e.remembered(uuid.NewString(), e.now), false)
	},
	"Remember replaces an earlier time, and never a later one": func(e *env) {
		key := uuid.NewString()
		for _, until := range []time.Duration{time.Hour, 3 * time.Hour, 2 * time.Hour, 3 * time.Hour, -time.Hour} {
			e.remember(key, e.now.Add(until))
		}
		same(e, e.remembered(key, e.now.Add(3*time.Hour-time.Microsecond)), true)
		same(e, e.remembered(key, e.now.Add(3*time.Hour)), false)
	},
	"a key whose time has passed can be remembered again": func(e *env) {
		key := uuid.NewString()
		e.remember(key, e.now)
		same(e, e.remembered(key, e.now), false)
		e.remember(key, e.now.Add(time.Microsecond))
		same(e, e.remembered(key, e.now), true)
	},
	"of concurrent Remembers the latest time stays": func(e *env) {
		key := uuid.NewString()
		e.allWin(e.race(racers, func(i int) error {
			return e.Store.Throttles().Remember(e.ctx, key, e.now.Add(time.Duration(i)*time.Minute))
		}))
		same(e, e.remembered(key, e.now.Add((racers-1)*time.Minute-time.Microsecond)), true)
		same(e, e.remembered(key, e.now.Add((racers-1)*time.Minute)), false)
	},
	"a key is remembered until its time in every notation of both times": func(e *env) {
		for _, until := range moments {
			key := uuid.NewString()
			e.remember(key, until.In(west))
			for i, now := range moments {
				for _, zone := range []*time.Location{time.UTC, east, west}[i%3:] {
					if got := e.remembered(key, now.In(zone)); got != now.Before(until) {
						e.Fatalf("until %v, is %v in %v: remembered %v", until, now, zone, got)
					}
				}
			}
		}
	},
	"remembered keys and throttles do not touch each other": func(e *env) {
		key := uuid.NewString()
		e.remember(key, e.now.Add(time.Hour))
		same(e, e.take(key, once, e.now), 0)
		same(e, e.reset(key, once, e.now), 1)
		same(e, e.remembered(key, e.now), true)
	},
}
