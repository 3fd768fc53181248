package application

import (
	"context"
	"fmt"
	"time"
)

// purgeBatch is how many rows one statement removes at most: nobody waits longer for it than for any other writer.
const purgeBatch = 50

// Purge removes expired rows: unverified users, challenges, sessions with their tokens, idle throttles, and audit
// events after their retention. It returns how many rows of each kind it removed, also beside an error.
func (a *App) Purge(ctx context.Context) (removed map[string]int, err error) {
	now := a.now()
	removed = map[string]int{}
	for _, expired := range []struct {
		rows   string
		remove func(ctx context.Context, now time.Time, limit int) (int, error)
	}{
		{"unverified_users", a.deps.Store.Users().DeleteUnverified},
		{"challenges", a.deps.Store.Challenges().DeleteExpired},
		{"sessions", a.deps.Store.Sessions().DeleteExpired},
		{"throttles", a.deps.Store.Throttles().DeleteIdle},
		{"remembered_keys", a.deps.Store.Throttles().DeleteForgotten},
		{"audit_events", func(ctx context.Context, now time.Time, limit int) (int, error) {
			return a.deps.Store.Audit().DeleteBefore(ctx, now.Add(-a.deps.Settings.AuditRetention), limit)
		}},
	} {
		for {
			n, err := expired.remove(ctx, now, purgeBatch)
			if err != nil {
				return removed, fmt.Errorf("purge %s: %w", expired.rows, err)
			}
			removed[expired.rows] += n
			if n < purgeBatch {
				break
			}
		}
	}
	return removed, nil
}
