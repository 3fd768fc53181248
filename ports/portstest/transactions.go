package portstest

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var errRollBack = errors.New("roll back")

var transactionTests = tests{
	"a nil error commits everything": func(e *env) {
		c := newChanges(e)
		e.inTx(func(tx ports.Store) error { return c.make(e, tx) })
		c.check(e, true)
	},
	"fn's error rolls everything back": func(e *env) {
		c := newChanges(e)
		e.fails(e.Store.InTx(e.ctx, func(tx ports.Store) error {
			return errors.Join(c.make(e, tx), errRollBack)
		}), errRollBack)
		c.check(e, false)
	},
	"a panic rolls everything back and goes on with its value": func(e *env) {
		c := newChanges(e)
		var made error
		func() {
			defer func() { same(e, recover(), any("the value")) }()
			_ = e.Store.InTx(e.ctx, func(tx ports.Store) error {
				made = c.make(e, tx)
				panic("the value")
			})
		}()
		e.must(made)
		c.check(e, false)
	},
	"a domain error from fn comes out as it went in": func(e *env) {
		e.fails(e.Store.InTx(e.ctx, func(ports.Store) error { return domain.ErrLastAdmin }), domain.ErrLastAdmin)
	},
	"a transaction sees its own changes": func(e *env) {
		u := e.newVerified(e.email())
		e.inTx(func(tx ports.Store) error {
			if err := tx.Users().Create(e.ctx, u); err != nil {
				return err
			}
			_, err := tx.Users().ByEmail(e.ctx, u.Email.Key)
			return err
		})
	},
	"a transaction goes on after a domain error of the store": func(e *env) {
		taken, other := e.user(), e.newVerified(e.email())
		e.inTx(func(tx ports.Store) error {
			if _, err := tx.Users().ByID(e.ctx, newID()); !errors.Is(err, domain.ErrNotFound) {
				return errors.Join(errors.New("the user is not absent"), err)
			}
			created, err := tx.Users().CreateSignUp(e.ctx, e.newUser(taken.Email))
			if err != nil || created {
				return errors.Join(errors.New("it was not refused"), err)
			}
			return tx.Users().Create(e.ctx, other)
		})
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, other.ID)), other)
	},
	"nobody sees what is not committed": func(e *env) {
		u := e.newVerified(e.email())
		var over atomic.Bool
		errs := e.race(4, func(i int) error {
			if i > 0 {
				for !over.Load() {
					if _, err := e.Store.Users().ByID(e.ctx, u.ID); !errors.Is(err, domain.ErrNotFound) {
						return errors.Join(errors.New("the user was seen"), err)
					}
				}
				return nil
			}
			defer over.Store(true)
			for range 10 {
				err := e.Store.InTx(e.ctx, func(tx ports.Store) error {
					return errors.Join(tx.Users().Create(e.ctx, u), errRollBack)
				})
				if !errors.Is(err, errRollBack) || errors.Is(err, domain.ErrEmailTaken) {
					return errors.Join(errors.New("not rolled back"), err)
				}
			}
			return nil
		})
		e.allWin(errs)
	},
	"a deadline that passes while waiting is the error unavailable": func(e *env) {
		key := e.email().Key
		e.inTx(func(tx ports.Store) error {
			if _, err := tx.Users().Lock(e.ctx, ports.UserSet{Address: key}); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(e.ctx, 100*time.Millisecond)
			defer cancel()
			waited := make(chan error, 1)
			go func() {
				waited <- e.Store.InTx(ctx, func(tx ports.Store) error { return second(tx.Users().Lock(ctx, ports.UserSet{Address: key})) })
			}()
			select {
			case err := <-waited:
				if !errors.Is(err, domain.ErrUnavailable) {
					return errors.Join(errors.New("not domain.ErrUnavailable"), err)
				}
				return nil
			case <-e.ctx.Done():
				return e.ctx.Err()
			}
		})
	},
	"a deadline that has passed changes nothing": func(e *env) {
		u := e.newVerified(e.email())
		ctx, cancel := context.WithDeadline(e.ctx, time.Unix(0, 0))
		defer cancel()
		e.fails(e.Store.Users().Create(ctx, u), domain.ErrUnavailable)
		e.fails(e.Store.InTx(ctx, func(tx ports.Store) error { return tx.Users().Create(ctx, u) }), domain.ErrUnavailable)
		_, err := e.Store.Users().ByID(e.ctx, u.ID)
		e.fails(err, domain.ErrNotFound)
	},
	"no transaction is hurt by another one's end": func(e *env) { newCrowd(e).run() },
	"Lock makes transactions of one address follow each other": func(e *env) {
		u := e.user()
		e.allWin(e.race(racers, func(int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				users, err := tx.Users().Lock(e.ctx, ports.UserSet{Address: u.Email.Key})
				if err != nil {
					return err
				}
				return e.countUp(tx, users[0])
			})
		}))
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)).FirstName, strconv.Itoa(racers))
	},
	"Lock holds an address that nobody has": func(e *env) {
		email := e.email()
		e.allWin(e.race(racers, func(int) error {
			u := domain.NewUser(newID(), email, domain.PasswordHash{}, domain.LocaleEnglish, e.now)
			u.Verify(e.now)
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				users, err := tx.Users().Lock(e.ctx, ports.UserSet{Address: email.Key})
				if err != nil || len(users) > 0 {
					return err
				}
				return tx.Users().Create(e.ctx, u)
			})
		}))
	},
	"Lock of users in any order and combination does not wait in a circle": func(e *env) {
		a, b, c := e.admin(), e.user(), e.signUp(e.email())
		all := []ports.UserSet{
			{IDs: []uuid.UUID{a.ID, b.ID, c.ID}},
			{IDs: []uuid.UUID{c.ID, a.ID}},
			{IDs: []uuid.UUID{b.ID}, Admins: true},
			{IDs: []uuid.UUID{b.ID, a.ID}, Address: c.Email.Key},
			{Address: c.Email.Key, Admins: true},
			{Address: b.Email.Key, IDs: []uuid.UUID{c.ID}},
		}
		var raised atomic.Int64
		e.allWin(e.race(4*len(all), func(i int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				users, err := tx.Users().Lock(e.ctx, all[i%len(all)])
				if err != nil {
					return err
				}
				for _, u := range users {
					if u.ID != b.ID && u.ID != c.ID {
						continue
					}
					if err := e.countUp(tx, u); err != nil {
						return err
					}
					raised.Add(1)
				}
				return nil
			})
		}))
		counted := func(id uuid.UUID) int {
			n, _ := strconv.Atoi(ok[domain.User](e)(e.Store.Users().ByID(e.ctx, id)).FirstName)
			return n
		}
		same(e, int64(counted(b.ID)+counted(c.ID)), raised.Load())
	},
}

// countUp adds one to the number that stands in the locked user's first name; a lost update is domain.ErrConflict.
func (e *env) countUp(tx ports.Store, u domain.User) error {
	n, _ := strconv.Atoi(u.FirstName)
	if err := u.Rename(strconv.Itoa(n+1), "", e.now); err != nil {
		return err
	}
	return tx.Users().Update(e.ctx, u)
}
