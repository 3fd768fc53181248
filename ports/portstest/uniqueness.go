package portstest

import (
	"errors"
	"slices"

	"github.com/google/uuid"

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
		u := e.signUp(e.email())
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
		second := e.signUp(e.email())
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
		u := e.signUp(e.email())
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(u.Email)))
		e.must(u.Rename("Ann", "", e.now))
		e.must(e.Store.Users().Update(e.ctx, u))
	},
	"of 16 attempts verified under the lock of the address one becomes the account": func(e *env) {
		verifyAll(e, true)
	},
	"of 16 attempts verified without the lock of the address one becomes the account, by the index": func(e *env) {
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
		attempts[i] = e.signUp(email)
	}
	winner := e.oneWins(e.race(racers, func(i int) error {
		return e.Store.InTx(e.ctx, func(tx ports.Store) error {
			who := ports.UserSet{IDs: []uuid.UUID{attempts[i].ID}}
			if lockAddress {
				who.Address = email.Key
			}
			users, err := tx.Users().Lock(e.ctx, who)
			if err != nil {
				return err
			}
			u := users[slices.IndexFunc(users, func(u domain.User) bool { return u.ID == attempts[i].ID })]
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

var signUpTests = tests{
	"CreateSignUp stores several unverified users of one address": func(e *env) {
		email := e.email()
		for _, u := range []domain.User{e.signUp(email), e.signUp(email), e.signUp(email)} {
			same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		}
	},
	"CreateSignUp stores nothing when a verified user has the address, and says so": func(e *env) {
		u := e.user()
		attempt := e.newUser(u.Email)
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, attempt)), false)
		_, err := e.Store.Users().ByID(e.ctx, attempt.ID)
		e.fails(err, domain.ErrNotFound)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, u.Email.Key)), u)
	},
	"concurrent CreateSignUps of one address all succeed": func(e *env) {
		email := e.email()
		users := make([]domain.User, racers)
		for i := range users {
			users[i] = e.newUser(email)
		}
		e.allWin(e.race(racers, func(i int) error {
			created, err := e.Store.Users().CreateSignUp(e.ctx, users[i])
			if err == nil && !created {
				return errors.New("the attempt was refused")
			}
			return err
		}))
	},
	"DeleteSignUps removes the unverified ones of the users, with their challenges": func(e *env) {
		verified := e.user()
		var users []domain.User
		var asked []domain.Challenge
		for _, u := range []domain.User{e.signUp(e.email()), e.signUp(e.email()), verified, e.signUp(e.email())} {
			users = append(users, u)
			asked = append(asked, e.challenge(domain.PurposeVerifyEmail, u.Email, u.ID, 0))
		}
		e.must(e.deleteAttempts(users[0].ID, users[1].ID, verified.ID))
		for i := range users {
			_, err := e.Store.Users().ByID(e.ctx, users[i].ID)
			_, errAsked := e.Store.Challenges().ByID(e.ctx, asked[i].ID)
			if i > 1 {
				e.must(err)
				e.must(errAsked)
			} else {
				e.fails(err, domain.ErrNotFound)
				e.fails(errAsked, domain.ErrNotFound)
			}
		}
	},
	"DeleteSignUps of nobody is no error": func(e *env) {
		e.must(e.deleteAttempts())
	},
}

func (e *env) deleteAttempts(ids ...uuid.UUID) error {
	return e.Store.InTx(e.ctx, func(tx ports.Store) error {
		if _, err := tx.Users().Lock(e.ctx, ports.UserSet{IDs: ids}); err != nil {
			return err
		}
		return tx.Users().DeleteSignUps(e.ctx, ids...)
	})
}

func second[T any](_ T, err error) error { return err }
