package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
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

type audit struct{ runner }

func (r audit) Append(ctx context.Context, e domain.AuditEvent) error {
	return r.statement(ctx, "Audit.Append", func(t *tx) error {
		e.At, e.Details = keep(e.At), maps.Clone(e.Details)
		t.events = append(t.events, e)
		return nil
	})
}

func (r audit) List(ctx context.Context, q domain.AuditQuery) (domain.AuditPage, error) {
	return query(ctx, r, "Audit.List", func(t *tx) (domain.AuditPage, error) {
		if q.Limit <= 0 {
			return domain.AuditPage{}, nil
		}
		t.store.mu.Lock()
		defer t.store.mu.Unlock()
		along := q.AuditFilter // what the walk goes along
		along.Action = ""
		if along.Subject != uuid.Nil {
			along.Actor = uuid.Nil
		}
		walked := slices.SortedFunc(slices.Values(t.store.events), func(a, b domain.AuditEvent) int { return a.Place().Compare(b.Place()) })
		walked = slices.DeleteFunc(walked, func(e domain.AuditEvent) bool {
			return !along.Fits(e) || !q.After.IsZero() && e.Place().Compare(q.After) <= 0
		})
		var end domain.AuditPlace
		if len(walked) >= ports.AuditWalk && along != q.AuditFilter {
			walked = walked[:ports.AuditWalk]
			end = walked[len(walked)-1].Place()
		}
		var following []domain.AuditEvent
		for _, e := range walked {
			if len(following) <= q.Limit && q.Fits(e) {
				e.Details = maps.Clone(e.Details)
				following = append(following, e)
			}
		}
		page := q.Page(following)
		if page.Next.IsZero() {
			page.Next = end
		}
		return page, nil
	})
}

func (r audit) Forget(ctx context.Context, user uuid.UUID) error {
	return r.statement(ctx, "Audit.Forget", func(t *tx) error {
		if user == uuid.Nil { // stands for nobody in an event
			return nil
		}
		forget(t.events, user)
		t.forgotten = append(t.forgotten, user)
		return nil
	})
}

func (r audit) DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	return query(ctx, r, "Audit.DeleteBefore", func(t *tx) (int, error) {
		t.store.mu.Lock()
		defer t.store.mu.Unlock()
		n := 0
		t.store.events = slices.DeleteFunc(t.store.events, func(e domain.AuditEvent) bool {
			old := n < limit && e.At.Before(before)
			if old {
				n++
			}
			return old
		})
		return n, nil
	})
}

func forget(events []domain.AuditEvent, user uuid.UUID) {
	for i := range events {
		if e := &events[i]; e.Actor == user || e.Subject == user {
			e.Source.IP, e.Source.UserAgent, e.Details = "", "", nil
		}
	}
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
