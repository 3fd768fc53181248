package portstest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// giveBack returns one unit of the budget of key.
func (e *env) giveBack(key string, b domain.Budget) {
	e.Helper()
	e.must(e.Store.Throttles().Return(e.ctx, key, b))
}

// reset restores the budget of key and returns how many units were in use.
func (e *env) reset(key string, b domain.Budget, now time.Time) int {
	e.Helper()
	return ok[int](e)(e.Store.Throttles().Reset(e.ctx, key, b, now))
}

var returnTests = tests{
	"after Return the next Take succeeds, and the one after it does not": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 3, Interval: time.Minute}
		for range 3 {
			same(e, e.take(key, b, e.now), 0)
		}
		for range 2 {
			e.giveBack(key, b)
			same(e, e.take(key, b, e.now), 0)
			same(e, e.take(key, b, e.now), time.Minute)
		}
	},
	"Return gives back one unit of the key's budget, and nobody else's": func(e *env) {
		key, other := uuid.NewString(), uuid.NewString()
		same(e, e.take(key, once, e.now), 0)
		same(e, e.take(other, once, e.now), 0)
		e.giveBack(key, once)
		same(e, e.take(other, once, e.now), time.Hour)
		same(e, e.take(key, once, e.now), 0)
	},
	"Return of more than was taken leaves the full budget and no more": func(e *env) {
		b := domain.Budget{Burst: 2, Interval: time.Minute}
		for taken := range 3 {
			key := fmt.Sprint(uuid.NewString(), taken)
			for range taken {
				same(e, e.take(key, b, e.now), 0)
			}
			for range 10 {
				e.giveBack(key, b)
			}
			same(e, e.reset(key, b, e.now), 0)
			for range 10 {
				e.giveBack(key, b)
			}
			for range 2 {
				same(e, e.take(key, b, e.now), 0)
			}
			same(e, e.take(key, b, e.now), time.Minute)
		}
	},
	"Return of a unit that has come back by itself adds none": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 2, Interval: time.Minute}
		same(e, e.take(key, b, e.now), 0)
		later := e.now.Add(time.Hour)
		e.giveBack(key, b)
		for range 2 {
			same(e, e.take(key, b, later), 0)
		}
		same(e, e.take(key, b, later), time.Minute)
	},
	"Return to an unknown key is no error and gives nothing": func(e *env) {
		key := uuid.NewString()
		e.giveBack(key, once)
		same(e, e.take(key, once, e.now), 0)
		same(e, e.take(key, once, e.now), time.Hour)
	},
	"Reset returns the units in use, rounded up, and restores the full budget": func(e *env) {
		b := domain.Budget{Burst: 3, Interval: time.Minute}
		for after, want := range map[time.Duration]int{
			0: 3, time.Microsecond: 3, time.Minute - time.Microsecond: 3, time.Minute: 2, 90 * time.Second: 2,
			3*time.Minute - time.Microsecond: 1, 3 * time.Minute: 0, time.Hour: 0,
		} {
			key, now := uuid.NewString(), e.now.Add(after)
			for range 3 {
				same(e, e.take(key, b, e.now), 0)
			}
			if got := e.reset(key, b, now.In(east)); got != want {
				e.Fatalf("%d units in use after %v, want %d", got, after, want)
			}
			same(e, e.reset(key, b, now), 0)
			for range 3 {
				same(e, e.take(key, b, now), 0)
			}
			same(e, e.take(key, b, now), time.Minute)
		}
	},
	"Reset of an unknown key is 0": func(e *env) {
		key := uuid.NewString()
		same(e, e.reset(key, once, e.now), 0)
		same(e, e.take(key, once, e.now), 0)
	},
	"Reset leaves other keys alone": func(e *env) {
		key, other := uuid.NewString(), uuid.NewString()
		same(e, e.take(key, once, e.now), 0)
		same(e, e.take(other, once, e.now), 0)
		same(e, e.reset(key, once, e.now), 1)
		same(e, e.take(other, once, e.now), time.Hour)
	},
	"Reset by a clock that lags behind counts no more than the budget": func(e *env) {
		key := uuid.NewString()
		same(e, e.take(key, once, e.now), 0)
		same(e, e.reset(key, once, e.now.Add(-24*time.Hour)), 1)
	},
	"a budget whose intervals last longer than a time.Duration counts like any other": func(e *env) {
		key, b := uuid.NewString(), domain.LoginFailures
		for range 4 {
			same(e, e.take(key, b, e.now), 0)
		}
		e.giveBack(key, b)
		same(e, e.reset(key, b, e.now.Add(time.Hour)), 3)
	},
	"of concurrent Resets one returns the units": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 5, Interval: time.Minute}
		for range 5 {
			same(e, e.take(key, b, e.now), 0)
		}
		counts := make([]int, racers)
		e.allWin(e.race(racers, func(i int) (err error) {
			counts[i], err = e.Store.Throttles().Reset(e.ctx, key, b, e.now)
			return err
		}))
		same(e, sum(counts), 5)
	},
	"64 goroutines that Take and Return never hold more than the budget": func(e *env) {
		e.takeAndReturn(func(fn func(ports.Throttles) error) error { return fn(e.Store.Throttles()) })
	},
	"64 goroutines that Take and Return in transactions never hold more than the budget": func(e *env) {
		e.takeAndReturn(func(fn func(ports.Throttles) error) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error { return fn(tx.Throttles()) })
		})
	},
}

// takeAndReturn lets 64 goroutines take a unit and return it, of which every fourth keeps it.
func (e *env) takeAndReturn(call func(func(ports.Throttles) error) error) {
	e.Helper()
	key, b := uuid.NewString(), domain.Budget{Burst: 7, Interval: time.Minute}
	var held, most atomic.Int64
	e.allWin(e.race(64, func(i int) error {
		for range 2 {
			var wait time.Duration
			err := call(func(t ports.Throttles) (err error) {
				wait, err = t.Take(e.ctx, key, b, e.now)
				return err
			})
			if err != nil || wait > 0 {
				return err
			}
			// Counted after it was taken and until before it is returned, so never more than are out.
			for n := held.Add(1); ; {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			if i%4 == 0 {
				return nil
			}
			held.Add(-1)
			if err := call(func(t ports.Throttles) error { return t.Return(e.ctx, key, b) }); err != nil {
				return err
			}
		}
		return nil
	}))
	if most.Load() > int64(b.Burst) {
		e.Fatalf("%d units were out at the same time, of a budget of %d", most.Load(), b.Burst)
	}
	same(e, e.reset(key, b, e.now), int(held.Load()))
}
