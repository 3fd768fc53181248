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

// Take keeps one number a key, the theoretical arrival time: when the budget will be full again. A unit moves it
// one interval on, and is refused when that would put it more than a whole burst of intervals ahead.
func (r throttles) Take(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	t, interval := now.UnixMicro(), b.Interval.Microseconds()
	latest := t + int64(b.Burst-1)*interval // the arrival time may be as late as this
	if b.Burst < 1 {
		return b.Interval, nil
	}
	n, err := count(r.write.NewRaw("INSERT INTO throttles AS t (key, tat) VALUES (?, ?) "+
		"ON CONFLICT (key) DO UPDATE SET tat = CASE WHEN t.tat > ? THEN t.tat ELSE ? END + ? WHERE t.tat <= ?",
		key, t+interval, t, t, interval, latest).Exec(ctx))
	if err != nil || n == 1 {
		return 0, fail("take from a throttle", err)
	}
	var tat int64
	err = r.read.NewRaw("SELECT tat FROM throttles WHERE key = ?", key).Scan(ctx, &tat)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fail("read a throttle", err)
	}
	// At least the smallest unit: the budget may have filled up between the two statements.
	return max(time.Duration(tat-latest)*time.Microsecond, time.Microsecond), nil
}

func (r throttles) DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := count(r.write.NewRaw("WITH due AS MATERIALIZED (SELECT key FROM throttles "+
		"WHERE tat <= ? ORDER BY tat LIMIT ? ?) DELETE FROM throttles WHERE key IN (SELECT key FROM due)",
		now.UnixMicro(), limit, r.forUpdate("SKIP LOCKED")).Exec(ctx))
	return n, fail("delete idle throttles", err)
}
