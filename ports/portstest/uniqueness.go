package portstest

import (
	"errors"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var uniquenessTests = tests{
	"Create is ErrEmailTaken when a verified user has the address": func(e *env) {
		u := e.user()
		second := e.newVerified(u.Email)
		e.fails(e.Store.Users().Create(e.ctx, second), domain.ErrEmailTaken)
		_, err := e.Store.Users().ByID(e.ctx, second.ID)
		e.fails(err, domain.ErrNotFound)
	},
	"Create does not mind unverified users of the address": func(e *env) {
		u := e.attempt(e.email())
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(u.Email)))
	},
	"of concurrent Creates of one address one succeeds": func(e *env) {
		email := e.email()
		users := make([]domain.User, racers)
		for i := range users {
			users[i] = e.newVerified(email)
		}
		winner := e.oneWins(e.race(racers, func(i int) error {
			return e.Store.Users().Create(e.ctx, users[i])
		}), domain.ErrEmailTaken)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)), users[winner])
	},
	"the address is compared by its key": func(e *env) {
		u := e.user()
		again := u.Email
		again.Address = "written otherwise"
		e.fails(e.Store.Users().Create(e.ctx, e.newVerified(again)), domain.ErrEmailTaken)
	},
	"Update is ErrEmailTaken when it verifies a second user of the address": func(e *env) {
		second := e.attempt(e.email())
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(second.Email)))
		verified := second
		verified.Verify(e.now)
		e.fails(e.Store.Users().Update(e.ctx, verified), domain.ErrEmailTaken)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, second.ID)), second)
	},
	"Update is ErrEmailTaken when it moves a verified user to the address of another": func(e *env) {
		u, other := e.user(), e.user()
		moved := u
		moved.ChangeEmail(other.Email, e.now)
		e.fails(e.Store.Users().Update(e.ctx, moved), domain.ErrEmailTaken)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
	},
	"Update lets an unverified user keep an address that is taken": func(e *env) {
		u := e.attempt(e.email())
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(u.Email)))
		e.must(u.Rename("Ann", "", e.now))
		e.must(e.Store.Users().Update(e.ctx, u))
	},
	"of 16 attempts verified under LockAddress one becomes the account": func(e *env) {
		verifyAll(e, true)
	},
	"of 16 attempts verified without LockAddress one becomes the account, by the index": func(e *env) {
		verifyAll(e, false)
	},
	"of concurrent moves to one address one succeeds": func(e *env) {
		email := e.email()
		users := make([]domain.User, racers)
		for i := range users {
			users[i] = e.user()
			users[i].ChangeEmail(email, e.now)
		}
		winner := e.oneWins(e.race(racers, func(i int) error {
			return e.Store.Users().Update(e.ctx, users[i])
		}), domain.ErrEmailTaken)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)).ID, users[winner].ID)
	},
}

// verifyAll verifies 16 attempts of one address at the same moment, each in a transaction of its own.
func verifyAll(e *env, lockAddress bool) {
	email := e.email()
	attempts := make([]domain.User, racers)
	for i := range attempts {
		attempts[i] = e.attempt(email)
	}
	winner := e.oneWins(e.race(racers, func(i int) error {
		return e.Store.InTx(e.ctx, func(tx ports.Store) error {
			if lockAddress {
				if err := tx.Users().LockAddress(e.ctx, email.Key); err != nil {
					return err
				}
			}
			u, err := tx.Users().Lock(e.ctx, attempts[i].ID)
			if err != nil {
				return err
			}
			u.Verify(e.now)
			return tx.Users().Update(e.ctx, u)
		})
	}), domain.ErrEmailTaken)
	for i, attempt := range attempts {
		got := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, attempt.ID))
		same(e, got.Verified(), i == winner)
	}
	same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)).ID, attempts[winner].ID)
}

var attemptTests = tests{
	"CreateAttempt stores several unverified users of one address": func(e *env) {
		email := e.email()
		for _, u := range []domain.User{e.attempt(email), e.attempt(email), e.attempt(email)} {
			same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		}
	},
	"CreateAttempt stores nothing when a verified user has the address, and says so": func(e *env) {
		u := e.user()
		attempt := e.newUser(u.Email)
		same(e, ok[bool](e)(e.Store.Users().CreateAttempt(e.ctx, attempt)), false)
		_, err := e.Store.Users().ByID(e.ctx, attempt.ID)
		e.fails(err, domain.ErrNotFound)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, u.Email.Key)), u)
	},
	"concurrent CreateAttempts of one address all succeed": func(e *env) {
		email := e.email()
		users := make([]domain.User, racers)
		for i := range users {
			users[i] = e.newUser(email)
		}
		e.allWin(e.race(racers, func(i int) error {
			created, err := e.Store.Users().CreateAttempt(e.ctx, users[i])
			if err == nil && !created {
				return errors.New("the attempt was refused")
			}
			return err
		}))
	},
	"DeleteAttempts removes the unverified users of the address but the newest, with their challenges": func(e *env) {
		email := e.email()
		var users []domain.User
		var asked []domain.Challenge
		for range 5 {
			u := e.attempt(email)
			users = append(users, u)
			asked = append(asked, e.challenge(domain.PurposeVerifyEmail, email, u.ID, 0))
		}
		bystander := e.attempt(e.email())
		e.must(e.Store.Users().DeleteAttempts(e.ctx, email.Key, domain.MaxAttempts))
		for i := range users {
			_, err := e.Store.Users().ByID(e.ctx, users[i].ID)
			_, errAsked := e.Store.Challenges().ByID(e.ctx, asked[i].ID)
			if i >= 5-domain.MaxAttempts {
				e.must(err)
				e.must(errAsked)
			} else {
				e.fails(err, domain.ErrNotFound)
				e.fails(errAsked, domain.ErrNotFound)
			}
		}
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, bystander.ID)), bystander)
	},
	"DeleteAttempts leaves the verified user alone, whatever it keeps": func(e *env) {
		u := e.user()
		attempt := e.attempt(e.email())
		moved := attempt
		moved.ChangeEmail(u.Email, e.now)
		e.must(e.Store.Users().Update(e.ctx, moved))
		asked := e.challenge(domain.PurposeResetPassword, u.Email, u.ID, 0)

		e.must(e.Store.Users().DeleteAttempts(e.ctx, u.Email.Key, 1))
		e.must(second(e.Store.Users().ByID(e.ctx, attempt.ID)))
		e.must(e.Store.Users().DeleteAttempts(e.ctx, u.Email.Key, 0))
		e.fails(second(e.Store.Users().ByID(e.ctx, attempt.ID)), domain.ErrNotFound)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		e.must(second(e.Store.Challenges().ByID(e.ctx, asked.ID)))
	},
	"DeleteAttempts of an address without any is no error": func(e *env) {
		e.must(e.Store.Users().DeleteAttempts(e.ctx, e.email().Key, 0))
	},
}

func second[T any](_ T, err error) error { return err }
