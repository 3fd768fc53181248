package portstest

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// changes are one of each kind that a transaction can make.
type changes struct {
	user      domain.User // created
	renamed   domain.User // updated
	deleted   domain.User
	session   ports.SessionState // of renamed: rotated
	next      uuid.UUID          // its successor
	challenge domain.Challenge   // created
	consumed  domain.Challenge
	notice    domain.Notice // created
	event     domain.AuditEvent
	throttle  string
	returned  string            // a throttle, used up before
	reset     string            // another one
	key       string            // remembered
	forgotten domain.AuditEvent // of renamed
}

func newChanges(e *env) *changes {
	c := &changes{user: e.newVerified(e.email()), renamed: e.user(), deleted: e.user(), next: uuid.New(),
		throttle: "1" + uuid.NewString(), returned: "2" + uuid.NewString(), reset: "3" + uuid.NewString(), key: "4" + uuid.NewString()}
	for _, key := range []string{c.returned, c.reset} {
		same(e, e.take(key, once, e.now), 0)
	}
	c.forgotten = e.event(c.renamed.ID, uuid.Nil)
	c.session = e.session(c.renamed.ID)
	c.consumed = e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
	c.challenge = domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, c.user.Email, c.user.ID, domain.LocaleEnglish, 0, domain.Source{}, e.now)
	c.notice = domain.Notice{ID: newID(), Kind: domain.NoticeSessionStolen, Email: c.user.Email, Locale: domain.LocaleEnglish, CreatedAt: e.now}
	c.event = domain.AuditEvent{ID: newID(), At: e.now, Subject: c.user.ID, Action: domain.ActionUserVerified}
	return c
}

var once = domain.Budget{Burst: 1, Interval: time.Hour}

func (c *changes) make(e *env, tx ports.Store) error {
	renamed := c.renamed
	rotation := ports.Rotation{JTI: c.session.Token.JTI, Reason: domain.ReasonRotated, Now: e.now,
		Next: domain.NewRefreshToken(c.session.Session.ID, c.next, e.now, time.Hour)}
	steps := []func() error{
		func() error {
			return second(tx.Users().Lock(e.ctx, ports.UserSet{IDs: []uuid.UUID{c.renamed.ID, c.deleted.ID}}))
		},
		func() error { return tx.Users().Create(e.ctx, c.user) },
		func() error { return renamed.Rename("Renamed", "", e.now) },
		func() error { return tx.Users().Update(e.ctx, renamed) },
		func() error { _, err := tx.Sessions().Rotate(e.ctx, rotation); return err },
		func() error { return tx.Users().Delete(e.ctx, c.deleted.ID, e.now) },
		func() error { return tx.Challenges().Create(e.ctx, c.challenge) },
		func() error { return tx.Challenges().Consume(e.ctx, c.consumed.ID, e.now) },
		func() error { return tx.Notices().Create(e.ctx, c.notice) },
		func() error { _, err := tx.Throttles().Take(e.ctx, c.throttle, once, e.now); return err },
		func() error { return tx.Throttles().Return(e.ctx, c.returned, once) },
		func() error { _, err := tx.Throttles().Reset(e.ctx, c.reset, once, e.now); return err },
		func() error { return tx.Throttles().Remember(e.ctx, c.key, e.now.Add(time.Hour)) },
		func() error { return tx.Audit().Append(e.ctx, c.event) },
		func() error { return tx.Audit().Forget(e.ctx, c.renamed.ID) },
		func() error { return tx.Jobs().SendChallenge(e.ctx, c.challenge.ID) },
		func() error { return tx.Jobs().SendNotice(e.ctx, c.notice.ID) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if e.countJobs(c.challenge.ID)+e.countJobs(c.notice.ID) > 0 {
		return errors.New("jobs are visible before the commit")
	}
	return nil
}

// check ends the test unless all of the changes were kept, or none.
func (c *changes) check(e *env, kept bool) {
	e.Helper()
	there := func(what string, want bool, err error) {
		e.Helper()
		if want && err != nil || !want && !errors.Is(err, domain.ErrNotFound) {
			e.Errorf("%s: %v; committed: %v", what, err, kept)
		}
	}
	_, err := e.Store.Users().ByID(e.ctx, c.user.ID)
	there("the created user", kept, err)
	_, err = e.Store.Users().ByID(e.ctx, c.deleted.ID)
	there("the deleted user", !kept, err)
	_, err = e.Store.Challenges().ByID(e.ctx, c.challenge.ID)
	there("the created challenge", kept, err)
	_, err = e.Store.Challenges().ByID(e.ctx, c.consumed.ID)
	there("the consumed challenge", !kept, err)
	_, err = e.Store.Notices().ByID(e.ctx, c.notice.ID)
	there("the notice", kept, err)
	_, err = e.Store.Sessions().Revoked(e.ctx, c.session.Token.JTI)
	there("the rotated token in the blacklist", kept, err)

	u := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, c.renamed.ID))
	same(e, u.FirstName == "Renamed", kept)
	same(e, u.Version == 2, kept)
	state := ok[ports.SessionState](e)(e.state(c.session.Session.ID, e.now))
	same(e, state.Token.JTI == c.next, kept)
	same(e, state.Session.Generation == 2, kept)
	same(e, e.take(c.throttle, once, e.now) > 0, kept)
	same(e, e.take(c.returned, once, e.now) == 0, kept)
	same(e, e.take(c.reset, once, e.now) == 0, kept)
	same(e, e.remembered(c.key, e.now), kept)

	jobs := 0
	if kept {
		jobs = 1
	}
	same(e, e.countJobs(c.challenge.ID), jobs)
	same(e, e.countJobs(c.notice.ID), jobs)
	same(e, len(e.events(c.user.ID)), jobs)
	forgotten := e.events(c.renamed.ID)
	same(e, len(forgotten), 1)
	same(e, forgotten[0].Source.IP == "", kept)
}

// events returns the audit events of a subject, newest first.
func (e *env) events(subject uuid.UUID) []domain.AuditEvent {
	e.Helper()
	return ok[domain.AuditPage](e)(e.Store.Audit().List(e.ctx, domain.AuditQuery{AuditFilter: domain.AuditFilter{Subject: subject}, Limit: 1000})).Events
}
