package portstest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// take asks for one unit of the budget of key.
func (e *env) take(key string, b domain.Budget, now time.Time) time.Duration {
	e.Helper()
	return ok[time.Duration](e)(e.Store.Throttles().Take(e.ctx, key, b, now))
}

var throttleTests = tests{
	"Take grants the burst, and then says how long it is until one more": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 3, Interval: time.Minute}
		for range 3 {
			same(e, e.take(key, b, e.now), 0)
		}
		same(e, e.take(key, b, e.now), time.Minute)
		same(e, e.take(key, b, e.now.Add(15*time.Second)), 45*time.Second)
		same(e, e.take(key, b, e.now.Add(time.Minute-time.Microsecond)), time.Microsecond)
		same(e, e.take(key, b, e.now.Add(time.Minute)), 0)
		same(e, e.take(key, b, e.now.Add(time.Minute)), time.Minute)
	},
	"a refused Take takes nothing": func(e *env) {
		key := uuid.NewString()
		same(e, e.take(key, once, e.now), 0)
		for range 10 {
			same(e, e.take(key, once, e.now), time.Hour)
		}
		same(e, e.take(key, once, e.now.Add(time.Hour)), 0)
	},
	"a budget refills by one each interval, up to its burst and not beyond": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 2, Interval: time.Minute}
		for range 2 {
			same(e, e.take(key, b, e.now), 0)
		}
		later := e.now.Add(24 * time.Hour)
		for range 2 {
			same(e, e.take(key, b, later), 0)
		}
		same(e, e.take(key, b, later), time.Minute)
		same(e, e.take(key, b, later.Add(90*time.Second)), 0)
		same(e, e.take(key, b, later.Add(90*time.Second)), 30*time.Second)
	},
	"an interval of fractions of a second counts to the microsecond": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 1, Interval: 1500 * time.Microsecond}
		same(e, e.take(key, b, e.now), 0)
		same(e, e.take(key, b, e.now.Add(time.Millisecond)), 500*time.Microsecond)
		same(e, e.take(key, b, e.now.Add(1500*time.Microsecond)), 0)
	},
	"a clock that lags behind waits longer, and gets no more": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 2, Interval: time.Minute}
		same(e, e.take(key, b, e.now), 0)
		same(e, e.take(key, b, e.now.Add(-30*time.Second)), 30*time.Second)
		same(e, e.take(key, b, e.now), 0)
		same(e, e.take(key, b, e.now.Add(-30*time.Second)), 90*time.Second)
	},
	"keys have budgets of their own": func(e *env) {
		prefix := uuid.NewString()
		for i := range 3 {
			same(e, e.take(fmt.Sprint(prefix, i), once, e.now), 0)
		}
		same(e, e.take(fmt.Sprint(prefix, 1), once, e.now), time.Hour)
	},
	"64 concurrent Takes get the burst and no more": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 10, Interval: time.Minute}
		for _, now := range []time.Time{e.now, e.now.Add(24 * time.Hour)} {
			waits := make([]time.Duration, 64)
			e.allWin(e.race(len(waits), func(i int) (err error) {
				waits[i], err = e.Store.Throttles().Take(e.ctx, key, b, now)
				return err
			}))
			granted := 0
			for _, wait := range waits {
				if wait == 0 {
					granted++
				} else {
					same(e, wait, time.Minute)
				}
			}
			same(e, granted, b.Burst)
		}
	},
	"64 concurrent Takes in transactions get the burst and no more": func(e *env) {
		key, b := uuid.NewString(), domain.Budget{Burst: 5, Interval: time.Minute}
		waits := make([]time.Duration, 64)
		e.allWin(e.race(len(waits), func(i int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) (err error) {
				waits[i], err = tx.Throttles().Take(e.ctx, key, b, e.now)
				return err
			})
		}))
		granted := 0
		for _, wait := range waits {
			if wait == 0 {
				granted++
			}
		}
		same(e, granted, b.Burst)
	},
}
