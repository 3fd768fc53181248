package application

import (
	"context"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// claim is one unit of a budget.
type claim struct {
	key    string
	budget domain.Budget
}

func (a *App) claim(b domain.Budget, what, whom string) claim {
	return claim{key: a.throttles.For(what, whom), budget: b}
}

// take takes one unit of each budget, or none of any: domain.Throttled says when to come back.
func (a *App) take(ctx context.Context, now time.Time, claims ...claim) error {
	return a.store.InTx(ctx, func(tx ports.Store) error { return a.takeIn(ctx, tx, now, claims...) })
}

// takeIn is take in a transaction, which has to roll back on the error.
func (a *App) takeIn(ctx context.Context, tx ports.Store, now time.Time, claims ...claim) error {
	for _, c := range claims {
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

// giveBack returns what was taken for something that turned out to be no failure.
func (a *App) giveBack(ctx context.Context, tx ports.Store, claims ...claim) error {
	for _, c := range claims {
		if err := tx.Throttles().Return(ctx, c.key, c.budget); err != nil {
			return err
		}
	}
	return nil
}

// mailAllowed takes one mail of the address's budget, at most one a minute if it repeats an earlier one, and
// reports whether there was one left. Each purpose has a budget of its own: otherwise strangers who keep signing
// up with an address could keep its owner from resetting the password. Mails that nobody can ask for (notices)
// have no budget.
func (a *App) mailAllowed(ctx context.Context, tx ports.Store, p domain.Purpose, email domain.Email, now time.Time, repeats bool) (bool, error) {
	if !a.settings.RateLimits {
		return true, nil
	}
	// A first mail takes from the budget of repetitions too, without regard to the answer: the minute starts.
	wait, err := tx.Throttles().Take(ctx, a.throttles.For("repeated mail "+string(p), email.Key), domain.RepeatedMails, now)
	if err != nil || wait > 0 && repeats {
		return false, err
	}
	wait, err = tx.Throttles().Take(ctx, a.throttles.For("mail "+string(p), email.Key), a.settings.Budgets.MailsToAddress, now)
	return wait == 0, err
}

// guess is what a guess of a code costs; the limits on guesses are never off.
func (a *App) guess(email domain.Email, client domain.Client) []claim {
	return []claim{
		a.claim(a.settings.Budgets.CodesOfAddress, "codes", email.Key),
		a.claim(a.settings.Budgets.CodesFromNetwork, "codes from", client.Network()),
	}
}

// attempt is a try to log in: what it costs until it turns out to be right.
type attempt struct {
	claims   []claim
	failures claim  // remembers failed tries, to tell the owner
	network  string // the key of the network that the account logs in from
}

// attempt opens a try to prove an account's password. An account's owner, in a network where the account logged
// in before, has a budget apart: strangers' failures do not touch it.
func (a *App) attempt(ctx context.Context, key string, client domain.Client, now time.Time) (attempt, error) {
	b, network := a.settings.Budgets, client.Network()
	t := attempt{
		claims:   []claim{a.claim(b.LoginOfAccountFromNetwork, "login from", key+" "+network)},
		failures: a.claim(domain.LoginFailures, "failed logins", key),
		network:  a.knownNetwork(key, client),
	}
	if !a.settings.RateLimits {
		t.claims = nil
		_, err := a.store.Throttles().Take(ctx, t.failures.key, t.failures.budget, now)
		return t, err
	}
	known, err := a.store.Throttles().Remembered(ctx, t.network, now)
	if err != nil {
		return t, err
	}
	if !known {
		t.claims = append(t.claims, a.claim(b.LoginFromNetwork, "logins from", network), a.claim(b.LoginOfAccount, "logins", key))
	}
	return t, a.take(ctx, now, append(t.claims, t.failures)...)
}

// knownNetwork is the key under which a network is remembered as one of an account.
func (a *App) knownNetwork(key string, client domain.Client) string {
	return a.throttles.For("known network", key+" "+client.Network())
}

// succeeded settles a try whose password was right, and returns how many failed ones came before it.
func (a *App) succeeded(ctx context.Context, tx ports.Store, t attempt, now time.Time) (failures int, err error) {
	if err := a.giveBack(ctx, tx, t.claims...); err != nil {
		return 0, err
	}
	if err := tx.Throttles().Remember(ctx, t.network, now.Add(domain.KnownNetworkLife)); err != nil {
		return 0, err
	}
	inUse, err := tx.Throttles().Reset(ctx, t.failures.key, t.failures.budget, now)
	return inUse - 1, err // this try is one of them
}
