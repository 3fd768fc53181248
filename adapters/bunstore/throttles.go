package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type throttles struct{ scope }

var _ ports.Throttles = throttles{}

// Take keeps one number a key, the theoretical arrival time: when the budget will be full again. Taking a unit
// moves this time one interval later. A unit is refused if the time would then lie more than b.Burst intervals ahead.
func (r throttles) Take(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	t, interval := now.UnixMicro(), b.Interval.Microseconds()
	latest := t + int64(b.Burst-1)*interval // the arrival time may be as late as this
	if b.Burst < 1 {
		return b.Interval, nil
	}
	n, err := count(r.write.ExecContext(ctx, "INSERT INTO throttles AS t (key, tat) VALUES (?, ?) "+
		"ON CONFLICT (key) DO UPDATE SET tat = CASE WHEN t.tat > ? THEN t.tat ELSE ? END + ? WHERE t.tat <= ?",
		key, t+interval, t, t, interval, latest))
	if err != nil || n == 1 {
		return 0, mapError("take from a throttle", err)
	}
	wait, err := r.Wait(ctx, key, b, now)
	// At least the smallest unit: the budget may have filled up between the two statements.
	return max(wait, time.Microsecond), err
}

func (r throttles) Wait(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	var tat int64
	err := r.read.scan(ctx, []any{&tat}, "SELECT tat FROM throttles WHERE key = ?", key)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, mapError("read a throttle", err)
	}
	latest := now.UnixMicro() + int64(b.Burst-1)*b.Interval.Microseconds()
	return time.Duration(max(0, tat-latest)) * time.Microsecond, nil
}

// Return may move the arrival time into the past, where Take does not count it.
func (r throttles) Return(ctx context.Context, key string, b domain.Budget) error {
	_, err := r.write.ExecContext(ctx, "UPDATE throttles SET tat = tat - ? WHERE key = ?", b.Interval.Microseconds(), key)
	return mapError("return to a throttle", err)
}

func (r throttles) Reset(ctx context.Context, key string, b domain.Budget, now time.Time) (int, error) {
	var tat int64
	err := r.write.scan(ctx, []any{&tat}, "DELETE FROM throttles WHERE key = ? RETURNING tat", key)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, mapError("reset a throttle", err)
	}
	interval, ahead := b.Interval.Microseconds(), max(0, tat-now.UnixMicro())
	inUse := (ahead + interval - 1) / interval
	return int(min(inUse, int64(b.Burst))), nil // it could be more where a clock lags behind
}

func (r throttles) DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "throttles", "key", "tat", now.UnixMicro(), limit)
	return n, mapError("delete idle throttles", err)
}

func (r throttles) Remember(ctx context.Context, key string, until time.Time) error {
	_, err := r.write.ExecContext(ctx, "INSERT INTO remembered_keys AS k (key, until) VALUES (?, ?) "+
		"ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE k.until < excluded.until", key, stamp(until))
	return mapError("remember a key", err)
}

func (r throttles) Remembered(ctx context.Context, key string, now time.Time) (bool, error) {
	var remembered bool
	err := r.read.scan(ctx, []any{&remembered}, "SELECT EXISTS (SELECT 1 FROM remembered_keys WHERE key = ? AND until > ?)", key, stamp(now))
	return remembered, mapError("read a remembered key", err)
}

func (r throttles) DeleteForgotten(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "remembered_keys", "key", "until", stamp(now), limit)
	return n, mapError("delete forgotten keys", err)
}
