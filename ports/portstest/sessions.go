package portstest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var sessionTests = tests{
	"Create keeps every field of a session and its token": func(e *env) {
		u := e.user()
		s := e.session(u.ID)
		got := ok[ports.SessionState](e)(e.state(s.Session.ID, e.now))
		same(e, got, ports.SessionState{User: u, Session: s.Session, Token: s.Token})
	},
	"Create keeps a user agent of 255 bytes, and none": func(e *env) {
		u := e.user()
		for _, agent := range []string{"", strings.Repeat("x", 255)} {
			e.now = e.now.Add(time.Second)
			s, token := domain.NewSession(newID(), u.ID, uuid.New(), domain.Source{UserAgent: agent}, e.now, lifetimes)
			e.must(e.Store.Sessions().Create(e.ctx, s, token))
			same(e, ok[ports.SessionState](e)(e.state(s.ID, e.now)).Session, s)
		}
	},
	"Create is ErrNotFound when the user is gone": func(e *env) {
		u := e.user()
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
		s, token := domain.NewSession(newID(), u.ID, uuid.New(), domain.Source{}, e.now, lifetimes)
		e.fails(e.Store.Sessions().Create(e.ctx, s, token), domain.ErrNotFound)
		e.fails(second(e.state(s.ID, e.now)), domain.ErrNotFound)
	},
	"Authenticate returns the user as it is now": func(e *env) {
		u := e.user()
		s := e.session(u.ID)
		got := ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false))
		same(e, got, ports.Authenticated{User: u, Generation: 1})

		e.must(u.Block("reason", e.now.Add(time.Hour), e.now))
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		got = ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false))
		same(e, got, ports.Authenticated{User: u, Generation: 1})
	},
	"Authenticate is ErrNotFound for a session that is unknown or was ended": func(e *env) {
		e.fails(second(e.Store.Sessions().Authenticate(e.ctx, newID(), 1, e.now, false)), domain.ErrNotFound)
		s := e.session(e.user().ID)
		e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now))
		e.fails(second(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)), domain.ErrNotFound)
	},
	"Authenticate tells when a generation was superseded, and of a rotated one that it was not": func(e *env) {
		first := e.session(e.user().ID)
		lost := e.rotate(first, domain.ReasonRotated)
		e.now = e.now.Add(time.Minute)
		at := e.now
		current := e.rotate(lost, domain.ReasonSuperseded)
		e.now = e.now.Add(time.Minute)
		for generation, want := range map[int64]time.Time{1: {}, 2: at, 3: {}} {
			got := ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, first.Session.ID, generation, e.now, false))
			same(e, got, ports.Authenticated{User: current.User, Generation: 3, SupersededAt: want})
		}
	},
	"MarkDelivered raises Delivered to the current generation, once or more": func(e *env) {
		s := e.session(e.user().ID)
		for range 2 {
			e.must(e.Store.Sessions().MarkDelivered(e.ctx, s.Session.ID, 1))
			s.Session.DeliveredGeneration = 1
			same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session, s.Session)
			same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)).InUse, true)
		}
		rotated := e.rotate(s, domain.ReasonRotated)
		same(e, rotated.Session.DeliveredGeneration, 1)
		same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)).InUse, false)
		e.must(e.Store.Sessions().MarkDelivered(e.ctx, s.Session.ID, 2))
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session.DeliveredGeneration, 2)
	},
	"MarkDelivered of another generation, or of an absent session, changes nothing": func(e *env) {
		s := e.rotate(e.session(e.user().ID), domain.ReasonRotated)
		for _, generation := range []int64{0, 1, 3} {
			e.must(e.Store.Sessions().MarkDelivered(e.ctx, s.Session.ID, generation))
		}
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session, s.Session)
		e.must(e.Store.Sessions().MarkDelivered(e.ctx, newID(), 1))
	},
	"Lock is ErrNotFound for an absent session": func(e *env) {
		e.fails(second(e.state(newID(), e.now)), domain.ErrNotFound)
	},
	"Lock keeps others from rotating the session until the end of the transaction": func(e *env) {
		s := e.session(e.user().ID)
		e.allWin(e.race(racers, func(int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				locked, err := tx.Sessions().Lock(e.ctx, s.Session.ID, e.now)
				if err != nil {
					return err
				}
				_, err = tx.Sessions().Rotate(e.ctx, e.rotation(locked, domain.ReasonRotated))
				return err
			})
		}))
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session.Generation, 1+racers)
	},
	"Lock keeps others from ending the session until the end of the transaction": func(e *env) {
		s := e.session(e.user().ID)
		errs := e.race(racers, func(i int) error {
			if i%2 == 1 {
				return e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonRevoked, e.now)
			}
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				locked, err := tx.Sessions().Lock(e.ctx, s.Session.ID, e.now)
				if err != nil {
					return nil // ended already
				}
				if _, err = tx.Sessions().Rotate(e.ctx, e.rotation(locked, domain.ReasonRotated)); err != nil {
					return errors.New("the locked session could not be rotated: " + err.Error())
				}
				return nil
			})
		})
		ended := 0
		for i, err := range errs {
			switch {
			case i%2 == 0:
				e.must(err)
			case err == nil:
				ended++
			default:
				e.fails(err, domain.ErrNotFound)
			}
		}
		same(e, ended, 1)
	},
	"ByUser returns the user's sessions, newest first, and nobody else's": func(e *env) {
		u, other := e.user(), e.user()
		sameList(e, ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now)), nil)
		var want []domain.Session
		for range 3 {
			want = append(want, e.session(u.ID).Session)
			e.session(other.ID)
		}
		slices.Reverse(want)
		sameList(e, ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now)), want)
		e.must(e.Store.Sessions().End(e.ctx, want[1].ID, domain.ReasonLoggedOut, e.now))
		sameList(e, ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now)),
			[]domain.Session{want[0], want[2]})
	},
	"a session at its end counts as absent": func(e *env) {
		e.countsAsAbsent(domain.SessionLimits{Refresh: 2 * time.Hour, Session: time.Hour})
	},
	"a session whose token has expired counts as absent": func(e *env) {
		e.countsAsAbsent(domain.SessionLimits{Refresh: time.Hour, Session: 2 * time.Hour})
	},
}

// countsAsAbsent tests every method that takes a time against a session whose token ends when an hour is over,
// to the microsecond.
func (e *env) countsAsAbsent(l domain.SessionLimits) {
	u := e.user()
	s := e.sessionOf(u.ID, l)
	id, end := s.Session.ID, s.Token.ExpiresAt
	before := end.Add(-time.Microsecond)
	sessions := e.Store.Sessions()

	e.must(second(sessions.Authenticate(e.ctx, id, 1, before, false)))
	e.must(second(e.state(id, before)))
	same(e, len(ok[[]domain.Session](e)(sessions.ByUser(e.ctx, u.ID, before))), 1)

	for _, now := range []time.Time{end, end.Add(time.Microsecond), end.Add(time.Hour)} {
		if !now.Before(s.Session.ExpiresAt) {
			e.fails(second(sessions.Authenticate(e.ctx, id, 1, now, false)), domain.ErrNotFound)
		}
		e.fails(second(e.state(id, now)), domain.ErrNotFound)
		same(e, len(ok[[]domain.Session](e)(sessions.ByUser(e.ctx, u.ID, now))), 0)
		rotation := e.rotation(s, domain.ReasonRotated)
		rotation.Now = now
		e.fails(second(sessions.Rotate(e.ctx, rotation)), domain.ErrNotFound)
		e.fails(sessions.End(e.ctx, id, domain.ReasonRevoked, now), domain.ErrNotFound)
		same(e, ok[int](e)(sessions.EndAll(e.ctx, u.ID, uuid.Nil, domain.ReasonRevoked, now)), 0)
		same(e, ok[int](e)(sessions.EndOldest(e.ctx, u.ID, 0, domain.ReasonRevoked, now)), 0)
	}
	e.fails(second(sessions.Revoked(e.ctx, s.Token.JTI)), domain.ErrNotFound)

	rotation := e.rotation(s, domain.ReasonRotated)
	rotation.Now = before
	e.must(second(sessions.Rotate(e.ctx, rotation)))
}
