package application

import (
	"context"
	"fmt"
	"time"
)

// purgeBatch is how many rows one statement removes at most, so that nobody waits long for it.
const purgeBatch = 500

// Purge removes expired rows: unverified users, challenges, sessions with their tokens, idle throttles, and audit
// events after their retention.
func (a *App) Purge(ctx context.Context) error {
	now := a.now()
	for _, expired := range []struct {
		rows   string
		remove func(ctx context.Context, now time.Time, limit int) (int, error)
	}{
		{"unverified users", a.store.Users().DeleteUnverified},
		{"challenges", a.store.Challenges().DeleteExpired},
		{"sessions", a.store.Sessions().DeleteExpired},
		{"throttles", a.store.Throttles().DeleteIdle},
		{"remembered keys", a.store.Throttles().DeleteForgotten},
		{"audit events", func(ctx context.Context, now time.Time, limit int) (int, error) {
			return a.store.Audit().DeleteBefore(ctx, now.Add(-a.settings.AuditRetention), limit)
		}},
	} {
		for {
			n, err := expired.remove(ctx, now, purgeBatch)
			if err != nil {
				return fmt.Errorf("purge %s: %w", expired.rows, err)
			}
			if n < purgeBatch {
				break
			}
		}
	}
	return nil
}
