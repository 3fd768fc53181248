package application

import (
	"context"
	"errors"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// cost is one unit of a budget.
type cost struct {
	of     domain.Throttle
	key    string
	budget domain.Budget
}

func (a *App) cost(b domain.Budget, t domain.Throttle, of ...string) cost {
	return cost{of: t, key: a.throttles.For(t, of...), budget: b}
}

// charge takes every cost, or none: domain.Throttled says when to come back. It checks first: a flood of refused
// requests writes nothing, not even something that is rolled back.
func (a *App) charge(ctx context.Context, costs ...cost) error {
	if err := a.checkBudgets(ctx, costs...); err != nil {
		return err
	}
	return a.deps.Store.InTx(ctx, func(store ports.Store) error { return chargeIn(ctx, store, a.now(), costs...) })
}

// chargeIn is charge in a transaction, which has to roll back on the error.
func chargeIn(ctx context.Context, store ports.Store, now time.Time, costs ...cost) error {
	for _, c := range costs {
		wait, err := store.Throttles().Take(ctx, c.key, c.budget, now)
		if err != nil {
			return err
		}
		if wait > 0 {
			return domain.ThrottledBy(c.of, wait)
		}
	}
	return nil
}

// checkBudgets returns the error of charge, and takes nothing. It comes before dear work, and charge after it.
func (a *App) checkBudgets(ctx context.Context, costs ...cost) error {
	for _, c := range costs {
		wait, err := a.deps.Store.Throttles().Wait(ctx, c.key, c.budget, a.now())
		if err != nil {
			return err
		}
		if wait > 0 {
			return domain.ThrottledBy(c.of, wait)
		}
	}
	return nil
}

// undoTime bounds the undoing of a step after the time of its request has ended.
const undoTime = 2 * time.Second

// refund gives back the costs of a request that was refused for no fault of its own, and returns the refusal.
func (a *App) refund(ctx context.Context, refusal error, costs ...cost) error {
	if len(costs) == 0 {
		return refusal
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	err := a.deps.Store.InTx(ctx, func(store ports.Store) error { return refundIn(ctx, store, costs...) })
	return errors.Join(refusal, err)
}

// refundIn gives costs back in a transaction.
func refundIn(ctx context.Context, store ports.Store, costs ...cost) error {
	for _, c := range costs {
		if err := store.Throttles().Return(ctx, c.key, c.budget); err != nil {
			return err
		}
	}
	return nil
}

// guessCosts are the costs of a guess of a code; the limits on guesses are never off.
func (a *App) guessCosts(email domain.Email, source domain.Source) []cost {
	return []cost{
		a.cost(a.deps.Settings.Budgets.CodesOfAddress, domain.ThrottleCodesOfAddress, email.Key),
		a.cost(a.deps.Settings.Budgets.CodesFromNetwork, domain.ThrottleCodesFromNetwork, source.Network()),
	}
}

// mailCosts are the costs of a mail that anybody can ask for. Each purpose has budgets of its own: otherwise strangers
// who keep signing up with an address could keep its owner from resetting the password. One asker gets only a share of
// an address's mails, so that some are left for the owner. For the mails of a sign-up the asker is a network; for those
// of a change of address it is an account. Notices have no budget, since nobody can ask for one.
func (a *App) mailCosts(p domain.Purpose, email domain.Email, asker string) []cost {
	b, purpose := a.deps.Settings.Budgets, string(p)
	costs := []cost{a.cost(b.MailsToAddress, domain.ThrottleMailsToAddress, purpose, email.Key)}
	if p == domain.PurposeResetPassword {
		return costs
	}
	return append([]cost{a.cost(b.MailsShare(), domain.ThrottleMailsShare, purpose, email.Key, asker)}, costs...)
}

// chargeMail takes one mail to an address, at most one a minute if it repeats an earlier one. Otherwise it returns
// domain.Throttled, and the transaction has to roll back.
func (a *App) chargeMail(ctx context.Context, tx *tx, p domain.Purpose, email domain.Email, repeats bool) error {
	if !a.deps.Settings.RateLimits {
		return nil
	}
	asker, minute := tx.source.Network(), []string{string(p), email.Key}
	if p == domain.PurposeChangeEmail {
		asker = tx.actor.User.ID.String()
		minute = append(minute, asker)
	}
	// A first mail is never refused here, but begins the minute.
	wait, err := tx.Throttles().Take(ctx, a.throttles.For(domain.ThrottleRepeatedMails, minute...), domain.RepeatedMails, tx.now)
	if err != nil {
		return err
	}
	if wait > 0 && repeats {
		return domain.ThrottledBy(domain.ThrottleRepeatedMails, wait)
	}
	return chargeIn(ctx, tx, tx.now, a.mailCosts(p, email, asker)...)
}
