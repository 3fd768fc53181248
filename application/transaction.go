package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// tx is a transaction on behalf of an actor: its repositories, and the values that its steps share.
type tx struct {
	ports.Store
	now    time.Time
	source domain.Source
	by     domain.Actor     // a Principal as it is now
	actor  domain.Principal // by, if it is a Principal; otherwise zero, until identify
	users  []domain.User    // locked
}

// write runs fn in a transaction on behalf of actor, after it has locked the given users and actor itself. It decides
// here, under the lock, what a Principal may do: a hash or a queue may lie between the lock and any earlier read. A
// Principal whose session has ended gets domain.ErrSessionEnded. fn may run more than once.
//
// An error of fn rolls everything back, unless fn marks it with keep.
func (a *App) write(ctx context.Context, actor domain.Actor, source domain.Source, who ports.UserSet, fn func(tx *tx) error) error {
	p, loggedIn := actor.(domain.Principal)
	if loggedIn {
		who.IDs = append(slices.Clone(who.IDs), p.User.ID)
	}
	var kept error
	err := a.deps.Store.InTx(ctx, func(store ports.Store) (err error) {
		tx := tx{Store: store, by: actor, now: a.now(), source: source}
		if who.Address != "" || len(who.IDs) > 0 || who.Admins {
			if tx.users, err = store.Users().Lock(ctx, who); err != nil {
				return err
			}
			tx.now = a.now() // the lock may have taken time
		}
		if loggedIn {
			if tx.actor, err = tx.present(ctx, p); err != nil {
				return err
			}
			tx.by = tx.actor
		}
		err = fn(&tx)
		if kept = nil; errors.As(err, new(keptError)) {
			kept, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return kept
}

// keep marks an error of a transaction's function: the transaction commits, and then fails with it. So a counted
// guess and an ended session stay.
func keep(err error) error { return keptError{err} }

type keptError struct{ error }

func (e keptError) Unwrap() error { return e.error }

// identify names the actor of what tx records from here on: an anonymous caller has proved to be u.
func (tx *tx) identify(u domain.User) { tx.actor.User = u }

// update stores a locked user, and gives u the version that it then has.
func (tx *tx) update(ctx context.Context, u *domain.User) error {
	if err := tx.Users().Update(ctx, *u); err != nil {
		return err
	}
	u.Version++
	return nil
}

// wrap adds to an error what was being done; nil stays nil.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
