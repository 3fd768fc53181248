package portstest

import (
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var endingTests = tests{
	"End removes the session and moves its current token into the blacklist": func(e *env) {
		for _, reason := range []domain.RevocationReason{domain.ReasonLoggedOut, domain.ReasonRevoked, domain.ReasonReused} {
			s := e.rotate(e.session(e.user().ID), domain.ReasonRotated)
			e.now = e.now.Add(time.Minute + time.Microsecond)
			e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, reason, e.now))
			e.revoked(s.Token, reason, e.now)
			e.fails(second(e.state(s.Session.ID, e.now)), domain.ErrNotFound)
		}
	},
	"End of an absent session is ErrNotFound; of 16 concurrent calls one succeeds": func(e *env) {
		e.fails(e.Store.Sessions().End(e.ctx, newID(), domain.ReasonRevoked, e.now), domain.ErrNotFound)
		s := e.session(e.user().ID)
		e.oneWins(e.race(racers, func(int) error {
			return e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now)
		}), domain.ErrNotFound)
		e.revoked(s.Token, domain.ReasonLoggedOut, e.now)
	},
	"Revoked is ErrNotFound for a token that is current, and for an unknown one": func(e *env) {
		s := e.session(e.user().ID)
		e.fails(second(e.Store.Sessions().Revoked(e.ctx, s.Token.JTI)), domain.ErrNotFound)
		e.fails(second(e.Store.Sessions().Revoked(e.ctx, uuid.New())), domain.ErrNotFound)
	},
	"EndAll ends all sessions of the user but the excepted one, and nobody else's": func(e *env) {
		u, other := e.user(), e.user()
		a, kept, b, theirs := e.session(u.ID), e.session(u.ID), e.session(u.ID), e.session(other.ID)
		e.now = e.now.Add(time.Minute)
		same(e, ok[int](e)(e.Store.Sessions().EndAll(e.ctx, u.ID, kept.Session.ID, domain.ReasonRevoked, e.now)), 2)
		e.revoked(a.Token, domain.ReasonRevoked, e.now)
		e.revoked(b.Token, domain.ReasonRevoked, e.now)
		sameList(e, ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now)), []domain.Session{kept.Session})
		e.must(second(e.state(theirs.Session.ID, e.now)))
	},
	"EndAll without exception ends all; another call ends none": func(e *env) {
		u := e.user()
		tokens := []domain.RefreshToken{e.session(u.ID).Token, e.session(u.ID).Token}
		same(e, ok[int](e)(e.Store.Sessions().EndAll(e.ctx, u.ID, uuid.Nil, domain.ReasonReused, e.now)), 2)
		for _, token := range tokens {
			e.revoked(token, domain.ReasonReused, e.now)
		}
		sameList(e, ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now)), nil)
		same(e, ok[int](e)(e.Store.Sessions().EndAll(e.ctx, u.ID, uuid.Nil, domain.ReasonRevoked, e.now)), 0)
		e.revoked(tokens[0], domain.ReasonReused, e.now)
	},
	"of sessions that 16 EndAlls end at the same moment each is counted once": func(e *env) {
		u := e.user()
		for range 5 {
			e.session(u.ID)
		}
		counts := make([]int, racers)
		e.allWin(e.race(racers, func(i int) (err error) {
			counts[i], err = e.Store.Sessions().EndAll(e.ctx, u.ID, uuid.Nil, domain.ReasonRevoked, e.now)
			return err
		}))
		same(e, sum(counts), 5)
	},
	"EndOldest ends the oldest sessions until at most keep are left": func(e *env) {
		u, other := e.user(), e.user()
		var all []ports.SessionState
		for range 5 {
			all = append(all, e.session(u.ID))
		}
		e.session(other.ID)
		e.must(second(e.Store.Sessions().Rotate(e.ctx, e.rotation(all[4], domain.ReasonRotated))))
		endOldest := func(keep int) int {
			e.Helper()
			return ok[int](e)(e.Store.Sessions().EndOldest(e.ctx, u.ID, keep, domain.ReasonRevoked, e.now))
		}
		same(e, endOldest(6), 0)
		same(e, endOldest(5), 0)
		same(e, endOldest(3), 2)
		e.revoked(all[0].Token, domain.ReasonRevoked, e.now)
		e.revoked(all[1].Token, domain.ReasonRevoked, e.now)
		left := ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, u.ID, e.now))
		same(e, len(left), 3)
		for i, s := range left {
			same(e, s.ID, all[4-i].Session.ID)
		}
		same(e, endOldest(0), 3)
		same(e, len(ok[[]domain.Session](e)(e.Store.Sessions().ByUser(e.ctx, other.ID, e.now))), 1)
	},
	"EndOldest goes by the age of the sessions, not by their last use": func(e *env) {
		u := e.user()
		oldest, newer := e.session(u.ID), e.session(u.ID)
		e.now = e.now.Add(time.Minute)
		e.rotate(oldest, domain.ReasonRotated)
		same(e, ok[int](e)(e.Store.Sessions().EndOldest(e.ctx, u.ID, 1, domain.ReasonRevoked, e.now)), 1)
		e.must(second(e.state(newer.Session.ID, e.now)))
	},
	"EndOldest does not count sessions that have run out": func(e *env) {
		u := e.user()
		kept := e.session(u.ID)
		for range 2 {
			e.sessionOf(u.ID, domain.SessionLimits{Refresh: time.Minute, Session: time.Hour})
		}
		now := e.now.Add(time.Minute)
		same(e, ok[int](e)(e.Store.Sessions().EndOldest(e.ctx, u.ID, 1, domain.ReasonRevoked, now)), 0)
		e.must(second(e.state(kept.Session.ID, now)))
	},
}

func sum(counts []int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}
