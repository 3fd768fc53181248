package portstest

import (
	"context"
	"errors"
	"runtime"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// crowd is a number of transactions that follow each other, since all lock one address. Some come to a bad end.
type crowd struct {
	*env
	key   string
	users [32]domain.User // that the transactions create, one each
	bad   map[int]badEnd
}

// badEnd runs a transaction that comes to a bad end, and returns nil if its caller learns of it.
type badEnd func(c *crowd, u domain.User) error

func newCrowd(e *env) *crowd {
	c := &crowd{env: e, key: e.email().Key}
	for i := range c.users {
		c.users[i] = e.newVerified(e.email())
	}
	c.bad = map[int]badEnd{
		3: (*crowd).endsWithAnError, 8: (*crowd).panics, 13: (*crowd).endsItsGoroutine,
		18: (*crowd).isLateInTheQueue, 23: (*crowd).isLateBetweenStatements, 28: (*crowd).isLateInAStatement,
	}
	return c
}

func (c *crowd) run() {
	ended := make(chan []error, 1)
	c.inTx(func(tx ports.Store) error {
		if err := c.lock(c.ctx, tx); err != nil {
			return err
		}
		go func() {
			ended <- c.race(len(c.users), func(i int) error {
				if bad, found := c.bad[i]; found {
					return bad(c, c.users[i])
				}
				return c.create(c.ctx, c.users[i], nil)
			})
		}()
		time.Sleep(2 * lateness) // they queue up
		return nil
	})
	c.allWin(<-ended)
	for i, u := range &c.users {
		_, err := c.Store.Users().ByID(c.ctx, u.ID)
		if _, bad := c.bad[i]; bad {
			c.fails(err, domain.ErrNotFound)
		} else {
			c.must(err)
		}
	}
}

func (c *crowd) lock(ctx context.Context, tx ports.Store) error {
	_, err := tx.Users().Lock(ctx, ports.UserSet{Address: c.key})
	return err
}

// create creates a user in a transaction, and then calls then.
func (c *crowd) create(ctx context.Context, u domain.User, then func(tx ports.Store) error) error {
	return c.Store.InTx(ctx, func(tx ports.Store) error {
		if err := c.lock(ctx, tx); err != nil {
			return err
		}
		if err := tx.Users().Create(ctx, u); err != nil || then == nil {
			return err
		}
		return then(tx)
	})
}

func (c *crowd) endsWithAnError(u domain.User) error {
	return wanted(errRollBack, c.create(c.ctx, u, func(ports.Store) error { return errRollBack }))
}

func (c *crowd) panics(u domain.User) (err error) {
	defer func() {
		if recover() != any("the value") {
			err = errors.New("the panic did not reach the caller")
		}
	}()
	return c.create(c.ctx, u, func(ports.Store) error { panic("the value") })
}

func (c *crowd) endsItsGoroutine(u domain.User) error {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = c.create(c.ctx, u, func(ports.Store) error { runtime.Goexit(); return nil })
	}()
	<-gone
	return nil
}

const lateness = 100 * time.Millisecond

func (c *crowd) isLateInTheQueue(u domain.User) error {
	ctx, cancel := context.WithTimeout(c.ctx, lateness)
	defer cancel()
	return wanted(domain.ErrUnavailable, c.create(ctx, u, nil))
}

func (c *crowd) isLateBetweenStatements(u domain.User) error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	err := c.create(ctx, u, func(tx ports.Store) error {
		cancel()
		_, err := tx.Users().ByID(ctx, u.ID)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		return wanted(domain.ErrUnavailable, err)
	}
	return nil
}

// isLateInAStatement writes until its time is up, which then mostly happens in a statement.
func (c *crowd) isLateInAStatement(u domain.User) error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	err := c.create(ctx, u, func(tx ports.Store) error {
		time.AfterFunc(5*time.Millisecond, cancel)
		for {
			if err := tx.Throttles().Remember(ctx, u.Email.Key, u.CreatedAt); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, context.Canceled) {
		return wanted(domain.ErrUnavailable, err)
	}
	return nil
}

// wanted returns nil if the error is the one that is wanted.
func wanted(target, err error) error {
	if errors.Is(err, target) {
		return nil
	}
	return errors.Join(errors.New("not the error of its end"), err)
}
