package portstest

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var recordTests = tests{
	"Create and ByID keep every field of a notice": func(e *env) {
		n := e.notice()
		same(e, ok[domain.Notice](e)(e.Store.Notices().ByID(e.ctx, n.ID)), n)
	},
	"ByID of an absent notice is ErrNotFound": func(e *env) {
		e.fails(second(e.Store.Notices().ByID(e.ctx, newID())), domain.ErrNotFound)
	},
	"Delete removes a notice, and no other; it may be gone already": func(e *env) {
		n, kept := e.notice(), e.notice()
		for range 2 {
			e.must(e.Store.Notices().Delete(e.ctx, n.ID))
		}
		e.fails(second(e.Store.Notices().ByID(e.ctx, n.ID)), domain.ErrNotFound)
		same(e, ok[domain.Notice](e)(e.Store.Notices().ByID(e.ctx, kept.ID)), kept)
	},
	"Append keeps an event whole, in and out of transactions": func(e *env) {
		subject := uuid.New() // audit events keep nobody's rows alive, and need none
		full := domain.AuditEvent{ID: newID(), At: e.now, Actor: uuid.New(), Subject: subject,
			Action:  domain.ActionRoleChanged,
			Source:  domain.Source{IP: "192.0.2.1", UserAgent: "Browser \"1\"", RequestID: "request"},
			Details: map[string]string{"from": "user", "to": "admin", "ключ": "it's \"quoted\"\n"}}
		bare := domain.AuditEvent{ID: newID(), At: e.now, Subject: subject, Action: domain.ActionSessionStolen}
		e.must(e.Store.Audit().Append(e.ctx, full))
		e.inTx(func(tx ports.Store) error { return tx.Audit().Append(e.ctx, bare) })
		events := e.events(subject)
		same(e, len(events), 2)
		if events[0].ID != full.ID {
			events[0], events[1] = events[1], events[0]
		}
		for i, want := range []domain.AuditEvent{full, bare} {
			if !maps.Equal(events[i].Details, want.Details) {
				e.Fatalf("details %v, want %v", events[i].Details, want.Details)
			}
			same(e, events[i].At, want.At)
			same(e, events[i].Source, want.Source)
			same(e, [4]any{events[i].ID, events[i].Actor, events[i].Subject, events[i].Action},
				[4]any{want.ID, want.Actor, want.Subject, want.Action})
		}
	},
	"an event without a subject can be kept": func(e *env) {
		e.must(e.Store.Audit().Append(e.ctx, domain.AuditEvent{ID: newID(), At: e.now, Action: domain.ActionAdminCreated}))
	},
	"events outlive the user they tell of": func(e *env) {
		u := e.user()
		e.must(e.Store.Audit().Append(e.ctx, domain.AuditEvent{ID: newID(), At: e.now, Actor: u.ID, Subject: u.ID, Action: domain.ActionUserDeleted}))
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
		same(e, len(e.events(u.ID)), 1)
	},
	"a job enqueued in a transaction is visible with the commit, and not before": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		n := e.notice()
		e.inTx(func(tx ports.Store) error {
			if err := tx.Jobs().SendChallenge(e.ctx, c.ID); err != nil {
				return err
			}
			if err := tx.Jobs().SendNotice(e.ctx, n.ID); err != nil {
				return err
			}
			if visible := e.countJobs(c.ID) + e.countJobs(n.ID); visible > 0 {
				e.Errorf("%d jobs are visible before the commit", visible)
			}
			return nil
		})
		e.hasJob(Job{"send_challenge", c.ID})
		e.hasJob(Job{"send_notice", n.ID})
	},
	"as many jobs are visible as transactions were committed": func(e *env) {
		ids := make([]uuid.UUID, racers)
		for i := range ids {
			ids[i] = e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0).ID
		}
		for i, err := range e.race(racers, func(i int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				if err := tx.Jobs().SendChallenge(e.ctx, ids[i]); err != nil || i%2 == 0 {
					return err
				}
				return errRollBack
			})
		}) {
			if i%2 == 0 {
				e.must(err)
				e.hasJob(Job{"send_challenge", ids[i]})
			} else {
				e.fails(err, errRollBack)
				same(e, e.countJobs(ids[i]), 0)
			}
		}
	},
}

func (e *env) notice() domain.Notice {
	e.Helper()
	e.now = e.now.Add(time.Second)
	n := domain.Notice{ID: newID(), Kind: domain.NoticeSessionStolen, Email: e.email(), Locale: domain.LocaleRussian,
		Source: domain.Source{IP: "2001:db8::2", UserAgent: "Browser/2", RequestID: "request"}, CreatedAt: e.now}
	e.must(e.Store.Notices().Create(e.ctx, n))
	return n
}

// hasJob ends the test unless exactly one job of the id is visible, and it is this one.
func (e *env) hasJob(want Job) {
	e.Helper()
	n := 0
	for _, job := range e.Jobs(e.T) {
		if job.ID == want.ID {
			same(e, job, want)
			n++
		}
	}
	same(e, n, 1)
}
