package portstest

import (
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var rotationTests = tests{
	"Rotate returns the user, the session's next generation and the successor, as they are stored": func(e *env) {
		u := e.user()
		s := e.session(u.ID)
		e.must(e.Store.Sessions().MarkDelivered(e.ctx, s.Session.ID, 1))
		e.now = e.now.Add(time.Hour + 123*time.Microsecond)
		r := e.rotation(s, domain.ReasonRotated)
		got := ok[ports.SessionState](e)(e.Store.Sessions().Rotate(e.ctx, r))

		want := s.Session
		want.Generation, want.RotatedGeneration, want.DeliveredGeneration, want.LastUsedAt = 2, 1, 1, e.now
		same(e, got.User, u)
		same(e, got.Session, want)
		same(e, got.Token, want.Adopt(r.Next))
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)), got)
	},
	"Rotate moves the token into the blacklist": func(e *env) {
		s := e.session(e.user().ID)
		e.fails(second(e.Store.Sessions().Revoked(e.ctx, s.Token.JTI)), domain.ErrNotFound)
		e.now = e.now.Add(time.Minute)
		next := e.rotate(s, domain.ReasonRotated)
		e.revoked(s.Token, domain.ReasonRotated, e.now)
		e.fails(second(e.Store.Sessions().Revoked(e.ctx, next.Token.JTI)), domain.ErrNotFound)
		e.now = e.now.Add(time.Minute)
		e.rotate(next, domain.ReasonSuperseded)
		e.revoked(next.Token, domain.ReasonSuperseded, e.now)
		e.revoked(s.Token, domain.ReasonRotated, e.now.Add(-time.Minute))
	},
	"Rotated follows when the reason is rotated, and stays when it is superseded": func(e *env) {
		s := e.session(e.user().ID)
		steps := []struct {
			reason              domain.RevocationReason
			generation, rotated int64
		}{
			{domain.ReasonRotated, 2, 1},
			{domain.ReasonSuperseded, 3, 1},
			{domain.ReasonSuperseded, 4, 1},
			{domain.ReasonRotated, 5, 4},
			{domain.ReasonRotated, 6, 5},
		}
		for _, step := range steps {
			e.now = e.now.Add(time.Minute)
			s = e.rotate(s, step.reason)
			same(e, s.Session.Generation, step.generation)
			same(e, s.Token.Generation, step.generation)
			same(e, s.Session.RotatedGeneration, step.rotated)
			same(e, s.Session.DeliveredGeneration, 0)
			same(e, s.Session.LastUsedAt, e.now)
		}
	},
	"Touch says when a session was last used, and nothing else": func(e *env) {
		u := e.user()
		s := e.session(u.ID)
		s.User = u
		e.now = e.now.Add(time.Minute)
		e.must(e.Store.Sessions().Touch(e.ctx, s.Session.ID, e.now))
		s.Session.LastUsedAt = e.now
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)), s)
		e.must(e.Store.Sessions().Touch(e.ctx, newID(), e.now))
	},
	"Rotate's successor never outlives the session": func(e *env) {
		s := e.sessionOf(e.user().ID, domain.SessionLimits{Refresh: time.Hour, Session: 90 * time.Minute})
		r := e.rotation(s, domain.ReasonRotated)
		r.Now = e.now.Add(45 * time.Minute)
		r.Next = domain.NewRefreshToken(s.Session.ID, uuid.New(), r.Now, time.Hour)
		got := ok[ports.SessionState](e)(e.Store.Sessions().Rotate(e.ctx, r))
		same(e, got.Token.ExpiresAt, s.Session.ExpiresAt)
		same(e, got.Session.ExpiresAt, s.Session.ExpiresAt)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, r.Now)), got)
	},
	"Rotate is ErrNotFound for any token but the session's current one, and changes nothing": func(e *env) {
		u := e.user()
		first, other := e.session(u.ID), e.session(u.ID)
		current := e.rotate(first, domain.ReasonRotated)
		for _, jti := range []uuid.UUID{first.Token.JTI, other.Token.JTI, uuid.New(), uuid.Nil} {
			r := e.rotation(current, domain.ReasonRotated)
			r.JTI = jti
			e.fails(second(e.Store.Sessions().Rotate(e.ctx, r)), domain.ErrNotFound)
		}
		r := e.rotation(current, domain.ReasonRotated)
		r.Next.SessionID = newID()
		e.fails(second(e.Store.Sessions().Rotate(e.ctx, r)), domain.ErrNotFound)
		same(e, ok[ports.SessionState](e)(e.state(current.Session.ID, e.now)), current)
		e.revoked(first.Token, domain.ReasonRotated, e.now)
	},
	"Rotate is ErrNotFound for a session that was ended": func(e *env) {
		s := e.session(e.user().ID)
		e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now))
		e.fails(second(e.Store.Sessions().Rotate(e.ctx, e.rotation(s, domain.ReasonRotated))), domain.ErrNotFound)
		e.revoked(s.Token, domain.ReasonLoggedOut, e.now)
	},
	"of 16 concurrent Rotates of one token one succeeds": func(e *env) {
		s := e.session(e.user().ID)
		results := make([]ports.SessionState, racers)
		winner := e.oneWins(e.race(racers, func(i int) (err error) {
			results[i], err = e.Store.Sessions().Rotate(e.ctx, e.rotation(s, domain.ReasonRotated))
			return err
		}), domain.ErrNotFound)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)), results[winner])
		same(e, results[winner].Session.Generation, 2)
		e.revoked(s.Token, domain.ReasonRotated, e.now)
	},
	"of 16 concurrent Rotates in transactions one succeeds": func(e *env) {
		s := e.session(e.user().ID)
		e.oneWins(e.race(racers, func(int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				return second(tx.Sessions().Rotate(e.ctx, e.rotation(s, domain.ReasonRotated)))
			})
		}), domain.ErrNotFound)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session.Generation, 2)
	},
	"a Rotate that is rolled back leaves the token usable": func(e *env) {
		s := e.session(e.user().ID)
		e.fails(e.Store.InTx(e.ctx, func(tx ports.Store) error {
			if err := second(tx.Sessions().Rotate(e.ctx, e.rotation(s, domain.ReasonRotated))); err != nil {
				return err
			}
			return errRollBack
		}), errRollBack)
		e.fails(second(e.Store.Sessions().Revoked(e.ctx, s.Token.JTI)), domain.ErrNotFound)
		same(e, e.rotate(s, domain.ReasonRotated).Session.Generation, 2)
	},
	"Rotate and End at the same moment leave nothing usable behind": func(e *env) {
		for range 5 {
			s := e.session(e.user().ID)
			var next ports.SessionState
			errs := e.race(2, func(i int) (err error) {
				if i == 0 {
					return e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now)
				}
				next, err = e.Store.Sessions().Rotate(e.ctx, e.rotation(s, domain.ReasonRotated))
				return err
			})
			e.must(errs[0])
			if errs[1] == nil {
				e.revoked(s.Token, domain.ReasonRotated, e.now)
				e.revoked(next.Token, domain.ReasonLoggedOut, e.now)
			} else {
				e.fails(errs[1], domain.ErrNotFound)
				e.revoked(s.Token, domain.ReasonLoggedOut, e.now)
			}
			e.fails(second(e.state(s.Session.ID, e.now)), domain.ErrNotFound)
		}
	},
}
