package portstest

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// event stores an event that says all that one can.
func (e *env) event(subject, actor uuid.UUID) domain.AuditEvent {
	e.Helper()
	event := domain.AuditEvent{ID: newID(), At: e.now, Actor: actor, Subject: subject, Action: domain.ActionRoleChanged,
		Source:  domain.Source{IP: "192.0.2.1", UserAgent: "Browser/1", RequestID: "request"},
		Details: map[string]string{"from": "user", "to": "admin"}}
	e.must(e.Store.Audit().Append(e.ctx, event))
	return event
}

// hasEvent ends the test unless the event is stored as it is.
func (e *env) hasEvent(want domain.AuditEvent) {
	e.Helper()
	page := ok[domain.AuditPage](e)(e.Store.Audit().List(e.ctx, domain.AuditQuery{
		AuditFilter: domain.AuditFilter{Actor: want.Actor, Subject: want.Subject, Since: want.At, Until: want.At.Add(time.Microsecond)}, Limit: 1000}))
	for _, got := range page.Events {
		if got.ID != want.ID {
			continue
		}
		if !maps.Equal(got.Details, want.Details) {
			e.Fatalf("details %v, want %v", got.Details, want.Details)
		}
		same(e, got.At, want.At)
		same(e, got.Source, want.Source)
		same(e, [3]any{got.Actor, got.Subject, got.Action}, [3]any{want.Actor, want.Subject, want.Action})
		return
	}
	e.Fatalf("there is no event %s", want.ID)
}

// bare is an event as Forget leaves it.
func bare(event domain.AuditEvent) domain.AuditEvent {
	event.Source.IP, event.Source.UserAgent, event.Details = "", "", nil
	return event
}

var forgetTests = tests{
	"Forget clears network, user agent and details where the user is actor or subject, and nothing else": func(e *env) {
		user, other := uuid.New(), uuid.New() // neither needs a row
		mine := []domain.AuditEvent{e.event(user, uuid.Nil), e.event(user, other), e.event(other, user), e.event(user, user), e.event(uuid.Nil, user)}
		others := []domain.AuditEvent{e.event(other, uuid.Nil), e.event(other, other), e.event(uuid.Nil, other), e.event(uuid.Nil, uuid.Nil)}
		for range 2 {
			e.must(e.Store.Audit().Forget(e.ctx, user))
		}
		later := e.event(user, user)
		for _, event := range mine {
			e.hasEvent(bare(event))
		}
		for _, event := range append(others, later) {
			e.hasEvent(event)
		}
	},
	"Forget in a transaction takes what the transaction recorded before, and leaves what comes after": func(e *env) {
		user := uuid.New()
		before := e.event(user, uuid.Nil)
		first, then := before, before
		first.ID, then.ID = newID(), newID()
		e.inTx(func(tx ports.Store) error {
			if err := tx.Audit().Append(e.ctx, first); err != nil {
				return err
			}
			if err := tx.Audit().Forget(e.ctx, user); err != nil {
				return err
			}
			return tx.Audit().Append(e.ctx, then)
		})
		e.hasEvent(bare(before))
		e.hasEvent(bare(first))
		e.hasEvent(then)
	},
	"Forget of somebody who is in no event is no error, and nobody is not somebody": func(e *env) {
		event := e.event(uuid.Nil, uuid.Nil)
		for _, id := range []uuid.UUID{uuid.New(), uuid.Nil} {
			e.must(e.Store.Audit().Forget(e.ctx, id))
		}
		e.hasEvent(event)
	},
}
