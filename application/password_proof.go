package application

import (
	"context"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// try is one attempt to give an account's password. It holds the costs that were charged, and that a right password gets
// back.
type try struct {
	costs   []cost // refunded to a right password
	success cost   // of a right password
	limited bool
	network string // the key of the network that the account logs in from
	failure cost   // remembers failed tries, to tell the owner
}

// try charges the costs of a try. An account's owner, in a network where the account logged in before, has a budget
// apart: strangers' failures do not touch it.
func (a *App) try(ctx context.Context, key string, source domain.Source) (try, error) {
	b, network := a.deps.Settings.Budgets, source.Network()
	t := try{
		success: a.cost(b.SuccessfulLogins, domain.ThrottleSuccessfulLogins, key, network),
		limited: a.deps.Settings.RateLimits,
		network: a.knownNetwork(key, source),
		failure: a.cost(domain.LoginFailures, domain.ThrottleLoginFailures, key),
	}
	if !t.limited {
		_, err := a.deps.Store.Throttles().Take(ctx, t.failure.key, t.failure.budget, a.now())
		return t, err
	}
	known, err := a.deps.Store.Throttles().Remembered(ctx, t.network, a.now())
	if err != nil {
		return t, err
	}
	if err := a.checkBudgets(ctx, t.success); err != nil {
		return t, err
	}
	t.costs = append(t.costs, a.cost(b.LoginOfAccountFromNetwork, domain.ThrottleLoginOfAccountFromNetwork, key, network))
	if !known {
		t.costs = append(t.costs, a.cost(b.LoginFromNetwork, domain.ThrottleLoginFromNetwork, network),
			a.cost(b.LoginOfAccount, domain.ThrottleLoginOfAccount, key))
	}
	return t, a.charge(ctx, t.charged()...)
}

// charged are all costs that a try was charged.
func (t try) charged() []cost { return append(t.costs[:len(t.costs):len(t.costs)], t.failure) }

// knownNetwork is the key under which a network is remembered as one of an account.
func (a *App) knownNetwork(key string, source domain.Source) string {
	return a.throttles.For(domain.ThrottleKnownNetwork, key, source.Network())
}

// matches compares a password, and refunds the try when nothing was compared.
func (a *App) matches(ctx context.Context, t try, hash domain.PasswordHash, password string, source domain.Source) (ok, outdated bool, err error) {
	ok, outdated, err = a.deps.Hasher.Verify(ports.WithSource(ctx, source), hash, domain.PasswordToTry(password))
	if err != nil {
		return false, false, a.refund(ctx, fmt.Errorf("compare the password: %w", err), t.charged()...)
	}
	return ok, outdated, nil
}

// settle ends a try whose password was right, and returns how many failed ones came before it. Call it last in the
// transaction: only statements that need no lock may follow.
func (t try) settle(ctx context.Context, tx *tx) (failures int, err error) {
	if err := refundIn(ctx, tx, t.costs...); err != nil {
		return 0, err
	}
	if t.limited {
		if err := chargeIn(ctx, tx, tx.now, t.success); err != nil {
			return 0, err
		}
	}
	if err := tx.Throttles().Remember(ctx, t.network, tx.now.Add(domain.KnownNetworkLife)); err != nil {
		return 0, err
	}
	inUse, err := tx.Throttles().Reset(ctx, t.failure.key, t.failure.budget, tx.now)
	return inUse - 1, err // this try is one of them
}

// proof says that a password was right, and for which version of it.
type proof struct {
	try
	version int64
}

// proveOwner asks a logged-in caller for the password once more.
func (a *App) proveOwner(ctx context.Context, p domain.Principal, password string, source domain.Source) (proof, error) {
	return a.prove(ctx, p.User, password, source, domain.ErrWrongPassword)
}

// prove compares a password with a user's, under the same throttles as a login; wrong is the error of
// another password. The caller's transaction asks whether the proof still holds, and settles or refunds the try in the end.
func (a *App) prove(ctx context.Context, u domain.User, password string, source domain.Source, wrong error) (proof, error) {
	t, err := a.try(ctx, u.Email.Key, source)
	if err != nil {
		return proof{}, err
	}
	ok, _, err := a.matches(ctx, t, u.PasswordHash, password, source)
	if err != nil {
		return proof{}, err
	}
	if !ok {
		return proof{}, wrong
	}
	return proof{try: t, version: u.PasswordVersion}, nil
}

// holds reports, by domain.ErrWrongPassword, that the password was changed since it was compared.
func (p proof) holds(locked domain.User) error {
	if locked.PasswordVersion != p.version {
		return domain.ErrWrongPassword
	}
	return nil
}
