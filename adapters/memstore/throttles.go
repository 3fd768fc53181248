package memstore

import (
	"context"
	"slices"
	"time"

	"coffeeshop/domain"
)

type throttles struct{ runner }

// throttle is the state of one key: when its budget will be full again. It counts microseconds since 1970, since
// a budget's intervals together can be longer than a time.Duration.
type throttle struct {
	key  string
	full int64
}

func (r throttles) Take(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	return query(ctx, r, "Throttles.Take", func(t *tx) (time.Duration, error) {
		full, wait := t.take(key, b, now)
		if wait == 0 {
			t.store.throttles.put(t, key, throttle{key, full})
		}
		return wait, nil
	})
}

func (r throttles) Wait(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	return query(ctx, r, "Throttles.Wait", func(t *tx) (time.Duration, error) {
		_, wait := t.take(key, b, now)
		return wait, nil
	})
}

// take returns when the budget will be full again if a unit is taken now, and how long that has to wait.
func (t *tx) take(key string, b domain.Budget, now time.Time) (full int64, wait time.Duration) {
	micros, interval := now.UnixMicro(), b.Interval.Microseconds()
	full = micros
	if th, err := t.store.throttles.get(key); err == nil {
		full = max(th.full, micros)
	}
	full += interval
	return full, time.Duration(max(0, full-int64(b.Burst)*interval-micros)) * time.Microsecond
}

func (r throttles) Return(ctx context.Context, key string, b domain.Budget) error {
	return r.statement(ctx, "Throttles.Return", func(t *tx) error {
		if th, err := t.store.throttles.get(key); err == nil {
			t.store.throttles.put(t, key, throttle{key, th.full - b.Interval.Microseconds()})
		}
		return nil
	})
}

func (r throttles) Reset(ctx context.Context, key string, b domain.Budget, now time.Time) (int, error) {
	return query(ctx, r, "Throttles.Reset", func(t *tx) (int, error) {
		ahead, interval := max(0, t.store.throttles[key].full-now.UnixMicro()), b.Interval.Microseconds()
		t.store.throttles.remove(t, key)
		inUse := (ahead + interval - 1) / interval
		return int(min(inUse, int64(b.Burst))), nil // it could be more where a clock lags behind
	})
}

func (r throttles) DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Throttles.DeleteIdle", func(t *tx) (int, error) {
		idle := first(limit, slices.Collect(t.store.throttles.where(func(th throttle) bool { return th.full <= now.UnixMicro() })))
		for _, th := range idle {
			t.store.throttles.remove(t, th.key)
		}
		return len(idle), nil
	})
}

// remembered is a key, and until when it is kept.
type remembered struct {
	key   string
	until time.Time
}

func (r throttles) Remember(ctx context.Context, key string, until time.Time) error {
	return r.statement(ctx, "Throttles.Remember", func(t *tx) error {
		if until := keep(until); until.After(t.store.remembered[key].until) {
			t.store.remembered.put(t, key, remembered{key, until})
		}
		return nil
	})
}

func (r throttles) Remembered(ctx context.Context, key string, now time.Time) (bool, error) {
	return query(ctx, r, "Throttles.Remembered", func(t *tx) (bool, error) {
		return keep(now).Before(t.store.remembered[key].until), nil
	})
}

func (r throttles) DeleteForgotten(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Throttles.DeleteForgotten", func(t *tx) (int, error) {
		passed := first(limit, slices.Collect(t.store.remembered.where(func(k remembered) bool { return !keep(now).Before(k.until) })))
		for _, k := range passed {
			t.store.remembered.remove(t, k.key)
		}
		return len(passed), nil
	})
}
