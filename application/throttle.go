package application

import (
	"context"
	"errors"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// charge is one unit of a budget.
type charge struct {
	key    string
	budget domain.Budget
}

func (a *App) charge(b domain.Budget, t domain.Throttle, whom ...string) charge {
	return charge{key: a.throttles.For(t, whom...), budget: b}
}

// take takes one unit of each budget, or none of any: domain.Throttled says when to come back. It looks first: a
// flood of what is refused writes nothing, not even what is rolled back.
func (a *App) take(ctx context.Context, now time.Time, charges ...charge) error {
	if err := a.look(ctx, now, charges...); err != nil {
		return err
	}
	return a.store.InTx(ctx, func(tx ports.Store) error { return a.takeIn(ctx, tx, now, charges...) })
}

// takeIn is take in a transaction, which has to roll back on the error.
func (a *App) takeIn(ctx context.Context, tx ports.Store, now time.Time, charges ...charge) error {
	for _, c := range charges {
		wait, err := tx.Throttles().Take(ctx, c.key, c.budget, now)
		if err != nil {
			return err
		}
		if wait > 0 {
			return domain.Throttled(wait)
		}
	}
	return nil
}

// look returns what take would, and takes nothing: it refuses before dear work what take will refuse after it.
func (a *App) look(ctx context.Context, now time.Time, charges ...charge) error {
	for _, c := range charges {
		wait, err := a.store.Throttles().Wait(ctx, c.key, c.budget, now)
		if err != nil {
			return err
		}
		if wait > 0 {
			return domain.Throttled(wait)
		}
	}
	return nil
}

// giveBack returns what was taken for something that turned out to be no failure.
func (a *App) giveBack(ctx context.Context, tx ports.Store, charges ...charge) error {
	for _, c := range charges {
		if err := tx.Throttles().Return(ctx, c.key, c.budget); err != nil {
			return err
		}
	}
	return nil
}

// undoTime bounds what is taken back even when the time of the request is over.
const undoTime = 2 * time.Second

// refund gives back what a request took that was refused for no fault of its own, and returns why it was refused.
func (a *App) refund(ctx context.Context, refused error, charges ...charge) error {
	if len(charges) == 0 {
		return refused
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	err := a.store.InTx(ctx, func(tx ports.Store) error { return a.giveBack(ctx, tx, charges...) })
	return errors.Join(refused, err)
}

// guess is what a guess of a code costs; the limits on guesses are never off.
func (a *App) guess(email domain.Email, source domain.Source) []charge {
	return []charge{
		a.charge(a.settings.Budgets.CodesOfAddress, domain.ThrottleCodesOfAddress, email.Key),
		a.charge(a.settings.Budgets.CodesFromNetwork, domain.ThrottleCodesFromNetwork, source.Network()),
	}
}

// mails is what a mail costs that anybody can ask for. Each purpose has budgets of its own: otherwise strangers who
// keep signing up with an address could keep its owner from resetting the password. Of the mails of a sign-up, one
// network takes only a part, so that some are left for the owner. Mails that nobody can ask for (notices) have no
// budget.
func (a *App) mails(p domain.Purpose, email domain.Email, source domain.Source) []charge {
	b, purpose := a.settings.Budgets, string(p)
	address := a.charge(b.MailsToAddress, domain.ThrottleMailsToAddress, purpose, email.Key)
	if p != domain.PurposeVerifyEmail {
		return []charge{address}
	}
	return []charge{a.charge(b.MailsToAddressFromNetwork(), domain.ThrottleMailsToAddressFromNetwork, email.Key, source.Network()), address}
}

// takeMail takes one mail to an address, at most one a minute if it repeats an earlier one. Otherwise it is
// domain.Throttled, and the transaction has to roll back.
func (a *App) takeMail(ctx context.Context, tx ports.Store, p domain.Purpose, email domain.Email, source domain.Source, now time.Time, repeats bool) error {
	if !a.settings.RateLimits {
		return nil
	}
	// A first mail takes from the budget of repetitions too, whatever is left of it: the minute starts.
	wait, err := tx.Throttles().Take(ctx, a.throttles.For(domain.ThrottleRepeatedMails, string(p), email.Key), domain.RepeatedMails, now)
	if err != nil {
		return err
	}
	if wait > 0 && repeats {
		return domain.Throttled(wait)
	}
	return a.takeIn(ctx, tx, now, a.mails(p, email, source)...)
}
