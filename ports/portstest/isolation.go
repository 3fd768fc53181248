package portstest

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// isolationTests commit changes while a transaction is open. Serial stores cannot, and need not, pass them.
var isolationTests = tests{
	"a transaction sees what others commit meanwhile, whatever it read before": func(e *env) {
		e.skipSerial()
		u := e.user()
		s := e.session(u.ID)
		other := e.newVerified(e.email())
		commit := sync.OnceFunc(func() { // the transaction may run again
			mine := u
			mine.FirstName = "changed"
			e.must(e.Store.Users().Update(e.ctx, mine))
			e.must(e.Store.Users().Create(e.ctx, other))
			e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, domain.ReasonLoggedOut, e.now))
			e.challenge(domain.PurposeResetPassword, u.Email, u.ID, 0)
		})
		e.inTx(func(tx ports.Store) error {
			e.look(tx, u, other, s)
			commit()
			name, created, sessions, revoked, challenges := e.look(tx, u, other, s)
			if name != "changed" || !created || sessions != 0 || !revoked || challenges != 1 {
				e.Errorf("the name is %q, the other user is there: %v, %d sessions, the token is revoked: %v, %d challenges",
					name, created, sessions, revoked, challenges)
			}
			return nil
		})
	},
	"a row that is locked is as others committed it meanwhile, and the transaction can change it": func(e *env) {
		e.skipSerial()
		u := e.user()
		s := e.session(u.ID)
		later := e.now.Add(time.Minute)
		commit := sync.OnceFunc(func() { e.must(e.Store.Sessions().Touch(e.ctx, s.Session.ID, later)) })
		runs := 0
		e.inTx(func(tx ports.Store) error {
			runs++
			if _, err := tx.Sessions().ByUser(e.ctx, u.ID, e.now); err != nil {
				return err
			}
			commit()
			state, err := tx.Sessions().Lock(e.ctx, s.Session.ID, e.now)
			if err != nil {
				return err
			}
			if !state.Session.LastUsedAt.Equal(later) {
				e.Errorf("last used at %v, want %v", state.Session.LastUsedAt, later)
			}
			return tx.Sessions().Touch(e.ctx, s.Session.ID, later.Add(time.Minute))
		})
		same(e, runs, 1)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).Session.LastUsedAt, later.Add(time.Minute))
	},
}

func (e *env) skipSerial() {
	e.Helper()
	if e.Serial {
		e.Skip("its transactions run one after the other")
	}
}

// look reads, in a transaction, what a test changes outside of it.
func (e *env) look(tx ports.Store, u, other domain.User, s ports.SessionState) (name string, created bool, sessions int, revoked bool, challenges int) {
	e.Helper()
	name = ok[domain.User](e)(tx.Users().ByID(e.ctx, u.ID)).FirstName
	_, err := tx.Users().ByEmail(e.ctx, other.Email.Key)
	created = err == nil
	sessions = len(ok[[]domain.Session](e)(tx.Sessions().ByUser(e.ctx, u.ID, e.now)))
	_, err = tx.Sessions().Revoked(e.ctx, s.Token.JTI)
	revoked = err == nil
	challenges = len(ok[[]domain.Challenge](e)(tx.Challenges().Live(e.ctx, domain.PurposeResetPassword, u.Email.Key, e.now)))
	return name, created, sessions, revoked, challenges
}

// heldTests purge while another transaction holds one of the rows that are due.
var heldTests = tests{
	"Users.DeleteUnverified passes over held rows": func(e *env) {
		e.passesOver(func() held {
			var u domain.User
			for range 3 {
				u = e.signUp(e.email())
			}
			return func(tx ports.Store) error { return tx.Users().Update(e.ctx, u) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Users().DeleteUnverified(e.ctx, e.now.Add(domain.SignUpLife), limit)
		})
	},
	"Sessions.DeleteExpired passes over held sessions": func(e *env) {
		u := e.user()
		e.passesOver(func() held {
			var s ports.SessionState
			for range 3 {
				s = e.session(u.ID)
			}
			return func(tx ports.Store) error { return tx.Sessions().Touch(e.ctx, s.Session.ID, e.now) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Sessions().DeleteExpired(e.ctx, e.now.Add(lifetimes.Session), limit)
		})
	},
	"Sessions.DeleteExpired passes over sessions that are locked": func(e *env) {
		u := e.user()
		e.passesOver(func() held {
			var s ports.SessionState
			for range 3 {
				s = e.session(u.ID)
			}
			return func(tx ports.Store) error { return second(tx.Sessions().Lock(e.ctx, s.Session.ID, e.now)) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Sessions().DeleteExpired(e.ctx, e.now.Add(lifetimes.Session), limit)
		})
	},
	"Sessions.DeleteExpired passes over held rows of the blacklist": func(e *env) {
		u := e.user()
		e.passesOver(func() held {
			for range 3 {
				e.must(e.Store.Sessions().End(e.ctx, e.session(u.ID).Session.ID, domain.ReasonLoggedOut, e.now))
			}
			return nil
		}, func(s ports.Store, limit int) (int, error) {
			return s.Sessions().DeleteExpired(e.ctx, e.now.Add(lifetimes.Session), limit)
		})
	},
	"Challenges.DeleteExpired passes over held rows": func(e *env) {
		e.passesOver(func() held {
			var c domain.Challenge
			for range 3 {
				c = e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
			}
			return func(tx ports.Store) error { return tx.Challenges().Consume(e.ctx, c.ID, e.now) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Challenges().DeleteExpired(e.ctx, e.now.Add(domain.ChallengeDelivery), limit)
		})
	},
	"Throttles.DeleteIdle passes over held rows": func(e *env) {
		e.passesOver(func() held {
			var key string
			for range 3 {
				key = uuid.NewString()
				same(e, e.take(key, once, e.now), 0)
			}
			return func(tx ports.Store) error { return tx.Throttles().Return(e.ctx, key, once) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Throttles().DeleteIdle(e.ctx, e.now.Add(once.Interval), limit)
		})
	},
	"Audit.DeleteBefore passes over held rows": func(e *env) {
		e.passesOver(func() held {
			var event domain.AuditEvent
			for range 3 {
				event = e.event(uuid.New(), uuid.Nil)
			}
			return func(tx ports.Store) error { return tx.Audit().Forget(e.ctx, event.Subject) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Audit().DeleteBefore(e.ctx, e.now.Add(time.Microsecond), limit)
		})
	},
	"Throttles.DeleteForgotten passes over held rows": func(e *env) {
		e.passesOver(func() held {
			var key string
			for range 3 {
				key = uuid.NewString()
				e.remember(key, e.now)
			}
			return func(tx ports.Store) error { return tx.Throttles().Remember(e.ctx, key, e.now.Add(time.Hour)) }
		}, func(s ports.Store, limit int) (int, error) {
			return s.Throttles().DeleteForgotten(e.ctx, e.now, limit)
		})
	},
}

// held takes hold of a row until the end of the transaction.
type held func(tx ports.Store) error

// passesOver ends the test unless a purge takes the other two of three due rows, at once, while a transaction has
// hold of one: by the same purge, and in the way that makeThree returns, if any. The row stays due.
func (e *env) passesOver(makeThree func() held, purge func(s ports.Store, limit int) (int, error)) {
	e.Helper()
	e.skipSerial()
	hold := makeThree()
	e.passOver(purge, func(tx ports.Store) error {
		same(e, ok[int](e)(purge(tx, 1)), 1)
		return nil
	})
	if hold != nil {
		e.passOver(purge, makeThree())
	}
}

func (e *env) passOver(purge func(s ports.Store, limit int) (int, error), hold held) {
	e.Helper()
	e.fails(e.Store.InTx(e.ctx, func(tx ports.Store) error {
		e.must(hold(tx))
		same(e, ok[int](e)(purge(e.Store, 100)), 2)
		return errRollBack
	}), errRollBack)
	same(e, ok[int](e)(purge(e.Store, 100)), 1)
}
