package portstest

import (
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// purge calls a purge until it finds nothing, and ends the test unless it never took more than limit rows.
func (e *env) purge(limit int, purge func(limit int) (int, error)) (total int) {
	e.Helper()
	for {
		n := ok[int](e)(purge(limit))
		if n > limit {
			e.Fatalf("%d rows removed, at most %d asked for", n, limit)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

// purgeAtOnce runs purges until they find nothing, four at a time, and returns how many rows they removed.
func (e *env) purgeAtOnce(limit int, purge func(limit int) (int, error)) int {
	e.Helper()
	counts := make([]int, 4)
	e.allWin(e.race(len(counts), func(i int) error {
		for {
			n, err := purge(limit)
			if err != nil || n == 0 {
				return err
			}
			counts[i] += n
		}
	}))
	return sum(counts)
}

var purgeTests = tests{
	"Users.DeleteUnverified removes up to limit users whose time has passed, with their challenges": func(e *env) {
		var passed []domain.User
		var gone, kept []domain.Challenge
		for range 5 {
			u := e.signUp(e.email())
			passed = append(passed, u)
			gone = append(gone, e.challenge(domain.PurposeVerifyEmail, u.Email, u.ID, 0))
		}
		now := passed[4].UnverifiedUntil
		later, verified := e.signUp(e.email()), e.user()
		kept = append(kept, e.challenge(domain.PurposeVerifyEmail, later.Email, later.ID, 0))
		purge := func(at time.Time) func(int) (int, error) {
			return func(limit int) (int, error) { return e.Store.Users().DeleteUnverified(e.ctx, at, limit) }
		}
		same(e, ok[int](e)(purge(now.Add(-time.Microsecond))(2)), 2)
		same(e, e.purge(2, purge(now.Add(-time.Microsecond))), 2)
		same(e, e.purge(2, purge(now)), 1)
		for _, u := range passed {
			e.fails(second(e.Store.Users().ByID(e.ctx, u.ID)), domain.ErrNotFound)
		}
		e.goneAndKept(gone, kept)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, later.ID)), later)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, verified.ID)), verified)
	},
	"Users.DeleteUnverified called at the same moment counts each user once": func(e *env) {
		for range 20 {
			e.signUp(e.email())
		}
		same(e, e.purgeAtOnce(3, func(limit int) (int, error) {
			return e.Store.Users().DeleteUnverified(e.ctx, e.now.Add(domain.SignUpLife), limit)
		}), 20)
	},
	"Sessions.DeleteExpired removes up to limit sessions that have ended, and leaves live ones": func(e *env) {
		e.clearSessions()
		u := e.user()
		var dead []uuid.UUID
		for range 3 {
			dead = append(dead, e.sessionOf(u.ID, domain.SessionLimits{Refresh: 2 * time.Hour, Session: time.Hour}).Session.ID)
			dead = append(dead, e.sessionOf(u.ID, domain.SessionLimits{Refresh: time.Hour, Session: 2 * time.Hour}).Session.ID)
		}
		live := e.sessionOf(u.ID, domain.SessionLimits{Refresh: 3 * time.Hour, Session: 3 * time.Hour})
		start := e.now
		purge := func(limit int) (int, error) {
			return e.Store.Sessions().DeleteExpired(e.ctx, start.Add(time.Hour), limit)
		}
		same(e, ok[int](e)(e.Store.Sessions().DeleteExpired(e.ctx, start, 10)), 0)
		same(e, ok[int](e)(purge(4)), 4)
		same(e, e.purge(4, purge), 2)
		for _, id := range dead { // gone, and not merely absent at a later time
			e.fails(second(e.state(id, start)), domain.ErrNotFound)
		}
		same(e, ok[ports.SessionState](e)(e.state(live.Session.ID, start)).Session, live.Session)
	},
	"Sessions.DeleteExpired removes up to limit expired rows of the blacklist": func(e *env) {
		e.clearSessions()
		u := e.user()
		var tokens []domain.RefreshToken
		for range 5 {
			s := e.sessionOf(u.ID, domain.SessionLimits{Refresh: time.Hour, Session: 2 * time.Hour})
			tokens = append(tokens, s.Token)
			e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now))
		}
		kept := e.session(u.ID)
		e.rotate(kept, domain.ReasonRotated)
		now := tokens[4].ExpiresAt
		purge := func(at time.Time) func(int) (int, error) {
			return func(limit int) (int, error) { return e.Store.Sessions().DeleteExpired(e.ctx, at, limit) }
		}
		same(e, ok[int](e)(purge(now.Add(-time.Microsecond))(2)), 2)
		same(e, e.purge(2, purge(now.Add(-time.Microsecond))), 2)
		same(e, e.purge(2, purge(now)), 1)
		for _, token := range tokens {
			e.fails(second(e.Store.Sessions().Revoked(e.ctx, token.JTI)), domain.ErrNotFound)
		}
		e.revoked(kept.Token, domain.ReasonRotated, e.now)
	},
	"Sessions.DeleteExpired called at the same moment counts each row once": func(e *env) {
		e.clearSessions()
		u := e.user()
		for range 10 {
			e.rotate(e.session(u.ID), domain.ReasonRotated)
		}
		same(e, e.purgeAtOnce(3, func(limit int) (int, error) {
			return e.Store.Sessions().DeleteExpired(e.ctx, e.now.Add(lifetimes.Session), limit)
		}), 20)
	},
	"Challenges.DeleteExpired removes up to limit expired challenges": func(e *env) {
		e.clearChallenges()
		var gone []domain.Challenge
		for range 5 {
			gone = append(gone, e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0))
		}
		now := gone[4].ExpiresAt
		kept := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		purge := func(at time.Time) func(int) (int, error) {
			return func(limit int) (int, error) { return e.Store.Challenges().DeleteExpired(e.ctx, at, limit) }
		}
		same(e, ok[int](e)(purge(now.Add(-time.Microsecond))(2)), 2)
		same(e, e.purge(2, purge(now.Add(-time.Microsecond))), 2)
		same(e, e.purge(2, purge(now)), 1)
		e.goneAndKept(gone, []domain.Challenge{kept})
	},
	"Challenges.DeleteExpired called at the same moment counts each challenge once": func(e *env) {
		e.clearChallenges()
		for range 20 {
			e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		}
		same(e, e.purgeAtOnce(3, func(limit int) (int, error) {
			return e.Store.Challenges().DeleteExpired(e.ctx, e.now.Add(domain.ChallengeDelivery), limit)
		}), 20)
	},
	"Throttles.DeleteIdle removes up to limit throttles that are back at their full budget": func(e *env) {
		b := domain.Budget{Burst: 2, Interval: time.Minute}
		purge := func(at time.Time) func(int) (int, error) {
			return func(limit int) (int, error) { return e.Store.Throttles().DeleteIdle(e.ctx, at, limit) }
		}
		for range 3 {
			same(e, e.take(uuid.NewString(), b, e.now), 0)
		}
		busy := uuid.NewString()
		for range 2 {
			same(e, e.take(busy, b, e.now), 0)
		}
		same(e, e.purge(2, purge(e.now.Add(time.Minute-time.Microsecond))), 0)
		same(e, ok[int](e)(purge(e.now.Add(time.Minute))(2)), 2)
		same(e, e.purge(2, purge(e.now.Add(time.Minute))), 1)
		same(e, e.take(busy, b, e.now), time.Minute) // it is still there
		same(e, e.purgeAtOnce(1, purge(e.now.Add(2*time.Minute))), 1)
		same(e, e.take(busy, b, e.now), 0)
		same(e, e.purge(100, purge(e.now.Add(time.Hour))), 1)
	},
	"Throttles.DeleteForgotten removes up to limit keys whose time has passed, and leaves the others": func(e *env) {
		purge := func(at time.Time) func(int) (int, error) {
			return func(limit int) (int, error) { return e.Store.Throttles().DeleteForgotten(e.ctx, at, limit) }
		}
		until := e.now.Add(time.Hour)
		var passed []string
		for range 3 {
			passed = append(passed, uuid.NewString())
			e.remember(passed[len(passed)-1], until)
		}
		kept := uuid.NewString()
		e.remember(kept, until.Add(time.Microsecond))
		same(e, e.take(kept, once, e.now), 0)
		same(e, e.purge(2, purge(until.Add(-time.Microsecond))), 0)
		same(e, ok[int](e)(purge(until.In(east))(2)), 2)
		same(e, e.purge(2, purge(until)), 1)
		for _, key := range passed { // gone, and not merely past
			same(e, e.remembered(key, e.now), false)
		}
		same(e, e.remembered(kept, until), true)
		same(e, e.purge(2, purge(until.Add(time.Hour))), 1)
		same(e, e.take(kept, once, e.now), time.Hour) // throttles stay
		same(e, e.reset(kept, once, e.now), 1)
	},
	"Throttles.DeleteForgotten called at the same moment counts each key once": func(e *env) {
		for range 20 {
			e.remember(uuid.NewString(), e.now)
		}
		same(e, e.purgeAtOnce(3, func(limit int) (int, error) {
			return e.Store.Throttles().DeleteForgotten(e.ctx, e.now, limit)
		}), 20)
	},
	"a key that is remembered anew while Throttles.DeleteForgotten runs stays": func(e *env) {
		for range 10 {
			key := uuid.NewString()
			e.remember(key, e.now)
			e.allWin(e.race(racers, func(i int) error {
				if i > 0 {
					return second(e.Store.Throttles().DeleteForgotten(e.ctx, e.now, 10))
				}
				return e.Store.Throttles().Remember(e.ctx, key, e.now.Add(time.Hour))
			}))
			same(e, e.remembered(key, e.now), true)
			same(e, e.purge(10, func(limit int) (int, error) {
				return e.Store.Throttles().DeleteForgotten(e.ctx, e.now.Add(time.Hour), limit)
			}), 1)
		}
	},
}

// clearSessions removes every session and every row of the blacklist; there is no user any more.
func (e *env) clearSessions() {
	e.Helper()
	e.purge(1000, func(limit int) (int, error) {
		return e.Store.Sessions().DeleteExpired(e.ctx, e.now.AddDate(10, 0, 0), limit)
	})
}

func (e *env) clearChallenges() {
	e.Helper()
	e.purge(1000, func(limit int) (int, error) {
		return e.Store.Challenges().DeleteExpired(e.ctx, e.now.AddDate(10, 0, 0), limit)
	})
}
