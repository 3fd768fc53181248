package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

type notices struct{ runner }

func (r notices) Create(ctx context.Context, n domain.Notice) error {
	return r.statement(ctx, "Notices.Create", func(t *tx) error {
		if _, err := t.store.notices.get(n.ID); err == nil {
			return fmt.Errorf("memstore: there is a notice %s already", n.ID)
		}
		n.CreatedAt = keep(n.CreatedAt)
		t.store.notices.put(t, n.ID, n)
		return nil
	})
}

func (r notices) ByID(ctx context.Context, id uuid.UUID) (domain.Notice, error) {
	return query(ctx, r, "Notices.ByID", func(t *tx) (domain.Notice, error) { return t.store.notices.get(id) })
}

func (r notices) Delete(ctx context.Context, id uuid.UUID) error {
	return r.statement(ctx, "Notices.Delete", func(t *tx) error {
		t.store.notices.remove(t, id)
		return nil
	})
}

type throttles struct{ runner }

// throttle is the state of one key: when its budget will be full again.
type throttle struct {
	key  string
	full time.Time
}

func (r throttles) Take(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	return query(ctx, r, "Throttles.Take", func(t *tx) (time.Duration, error) {
		now := keep(now)
		full := t.store.throttles[key].full
		if full.Before(now) {
			full = now
		}
		full = full.Add(b.Interval)
		if wait := full.Add(-time.Duration(b.Burst) * b.Interval).Sub(now); wait > 0 {
			return wait, nil
		}
		t.store.throttles.put(t, key, throttle{key, keep(full)})
		return 0, nil
	})
}

func (r throttles) DeleteIdle(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Throttles.DeleteIdle", func(t *tx) (int, error) {
		idle := first(limit, slices.Collect(t.store.throttles.where(func(th throttle) bool { return !now.Before(th.full) })))
		for _, th := range idle {
			t.store.throttles.remove(t, th.key)
		}
		return len(idle), nil
	})
}

type audit struct{ runner }

func (r audit) Append(ctx context.Context, e domain.AuditEvent) error {
	return r.statement(ctx, "Audit.Append", func(t *tx) error {
		e.At, e.Details = keep(e.At), maps.Clone(e.Details)
		t.events = append(t.events, e)
		return nil
	})
}

type jobs struct{ runner }

func (r jobs) SendChallenge(ctx context.Context, challenge uuid.UUID) error {
	return r.statement(ctx, "Jobs.SendChallenge", func(t *tx) error {
		t.jobs = append(t.jobs, Job{KindSendChallenge, challenge})
		return nil
	})
}

func (r jobs) SendNotice(ctx context.Context, notice uuid.UUID) error {
	return r.statement(ctx, "Jobs.SendNotice", func(t *tx) error {
		t.jobs = append(t.jobs, Job{KindSendNotice, notice})
		return nil
	})
}
