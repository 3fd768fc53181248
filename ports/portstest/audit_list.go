package portstest

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var auditTests = tests{
	"random queries give the pages of events that the contract describes": func(e *env) {
		random := rand.New(rand.NewPCG(7, 8))
		people := []uuid.UUID{newID(), newID(), newID(), uuid.Nil}
		events := make([]domain.AuditEvent, ports.AuditWalk+900)
		for i := range events {
			events[i] = domain.AuditEvent{ID: newID(), At: e.now.Add(time.Duration(i/3) * time.Second), Actor: people[random.IntN(4)], Subject: people[random.IntN(2)],
				Action: domain.Actions[random.IntN(3)]}
			if i < 5 {
				events[i].Action = domain.ActionSessionStolen
			}
		}
		for some := range slices.Chunk(events, 500) {
			e.inTx(func(tx ports.Store) error {
				for _, event := range some {
					if err := tx.Audit().Append(e.ctx, event); err != nil {
						return err
					}
				}
				return nil
			})
		}
		slices.SortFunc(events, func(a, b domain.AuditEvent) int { return a.Place().Compare(b.Place()) })
		for range 200 {
			q := domain.AuditQuery{Limit: 1 + random.IntN(30)}
			q.Actor, q.Subject = people[random.IntN(4)], []uuid.UUID{uuid.Nil, people[0], people[1], newID()}[random.IntN(4)]
			q.Action = []domain.Action{"", "", domain.Actions[0], domain.ActionSessionStolen}[random.IntN(4)]
			if random.IntN(3) == 0 {
				q.Since = e.now.Add(time.Duration(random.IntN(2000)) * time.Second)
			}
			if random.IntN(3) == 0 {
				q.Until = e.now.Add(time.Duration(random.IntN(2000)) * time.Second)
			}
			if random.IntN(2) == 0 {
				q.After = events[random.IntN(len(events))].Place()
			}
			got, want := ok[domain.AuditPage](e)(e.Store.Audit().List(e.ctx, q)), eventsOf(events, q)
			if !slices.EqualFunc(got.Events, want.Events, func(a, b domain.AuditEvent) bool { return a.ID == b.ID && a.At.Equal(b.At) }) || got.Next != want.Next {
				e.Fatalf("%+v: got %d events and %+v, want %d and %+v", q, len(got.Events), got.Next, len(want.Events), want.Next)
			}
		}
	},
	"pages of events neither repeat nor miss one while others come and go": func(e *env) {
		subject := newID()
		var want []uuid.UUID
		event := func(subject uuid.UUID, at time.Time) domain.AuditEvent {
			event := domain.AuditEvent{ID: newID(), At: at, Subject: subject, Action: domain.ActionUserUpdated}
			e.must(e.Store.Audit().Append(e.ctx, event))
			return event
		}
		event(subject, e.now.Add(-time.Hour))
		for i := range 9 {
			want = append([]uuid.UUID{event(subject, e.now.Add(time.Duration(i/2)*time.Second)).ID}, want...)
		}
		var got []uuid.UUID
		q := domain.AuditQuery{AuditFilter: domain.AuditFilter{Subject: subject}, Limit: 2}
		for {
			page := ok[domain.AuditPage](e)(e.Store.Audit().List(e.ctx, q))
			for _, event := range page.Events {
				got = append(got, event.ID)
			}
			if q.After = page.Next; q.After.IsZero() {
				break
			}
			event(subject, e.now.Add(time.Minute))
			event(newID(), e.now)
			ok[int](e)(e.Store.Audit().DeleteBefore(e.ctx, e.now, 10))
		}
		sameList(e, got, want)
	},
}

// eventsOf is the page of sorted events.
func eventsOf(events []domain.AuditEvent, q domain.AuditQuery) (page domain.AuditPage) {
	seen := 0
	for _, event := range events {
		if !q.After.IsZero() && event.Place().Compare(q.After) <= 0 || event.At.Before(q.Since) || !q.Until.IsZero() && !event.At.Before(q.Until) {
			continue
		}
		switch { // not on the way of the walk
		case q.Subject != uuid.Nil:
			if event.Subject != q.Subject {
				continue
			}
		case q.Actor != uuid.Nil && event.Actor != q.Actor:
			continue
		}
		if q.Fits(event) {
			if len(page.Events) == q.Limit {
				page.Next = page.Events[q.Limit-1].Place()
				return page
			}
			page.Events = append(page.Events, event)
		}
		filtered := q.Action != "" || q.Subject != uuid.Nil && q.Actor != uuid.Nil
		if seen++; filtered && seen == ports.AuditWalk {
			page.Next = event.Place()
			return page
		}
	}
	return page
}
