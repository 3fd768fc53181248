package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// try is one attempt to prove an account's password: what it costs until it turns out to be right.
type try struct {
	charges []charge // given back to a right password
	success charge   // taken by one
	limited bool
	network string // the key of the network that the account logs in from
	failure charge // remembers failed tries, to tell the owner
}

// try takes what a try costs. An account's owner, in a network where the account logged in before, has a budget
// apart: strangers' failures do not touch it.
func (a *App) try(ctx context.Context, key string, source domain.Source, now time.Time) (try, error) {
	b, network := a.settings.Budgets, source.Network()
	t := try{
		success: a.charge(b.SuccessfulLogins, domain.ThrottleSuccessfulLogins, key, network),
		limited: a.settings.RateLimits,
		network: a.knownNetwork(key, source),
		failure: a.charge(domain.LoginFailures, domain.ThrottleLoginFailures, key),
	}
	if !t.limited {
		_, err := a.store.Throttles().Take(ctx, t.failure.key, t.failure.budget, now)
		return t, err
	}
	known, err := a.store.Throttles().Remembered(ctx, t.network, now)
	if err != nil {
		return t, err
	}
	if err := a.look(ctx, now, t.success); err != nil {
		return t, err
	}
	t.charges = append(t.charges, a.charge(b.LoginOfAccountFromNetwork, domain.ThrottleLoginOfAccountFromNetwork, key, network))
	if !known {
		t.charges = append(t.charges, a.charge(b.LoginFromNetwork, domain.ThrottleLoginFromNetwork, network),
			a.charge(b.LoginOfAccount, domain.ThrottleLoginOfAccount, key))
	}
	return t, a.take(ctx, now, t.taken()...)
}

// taken is all that a try took.
func (t try) taken() []charge { return append(t.charges[:len(t.charges):len(t.charges)], t.failure) }

// knownNetwork is the key under which a network is remembered as one of an account.
func (a *App) knownNetwork(key string, source domain.Source) string {
	return a.throttles.For(domain.ThrottleKnownNetwork, key, source.Network())
}

// settle ends a try whose password was right, and returns how many failed ones came before it. It is the last thing
// that its transaction does, but for what no lock is needed for.
func (a *App) settle(ctx context.Context, tx ports.Store, t try, now time.Time) (failures int, err error) {
	if err := a.giveBack(ctx, tx, t.charges...); err != nil {
		return 0, err
	}
	if t.limited {
		if err := a.takeIn(ctx, tx, now, t.success); err != nil {
			return 0, err
		}
	}
	if err := tx.Throttles().Remember(ctx, t.network, now.Add(domain.KnownNetworkLife)); err != nil {
		return 0, err
	}
	inUse, err := tx.Throttles().Reset(ctx, t.failure.key, t.failure.budget, now)
	return inUse - 1, err // this try is one of them
}

// proof is a password that was right for a version of it.
type proof struct {
	try     try
	version int64
}

// proveOwner asks a logged-in caller for the password once more, under the same throttles as a login. The caller's
// transaction asks whether the proof still holds, and settles the try in the end.
func (a *App) proveOwner(ctx context.Context, p domain.Principal, password string, source domain.Source) (proof, error) {
	t, err := a.try(ctx, p.User.Email.Key, source, a.now())
	if err != nil {
		return proof{}, err
	}
	ok, _, err := a.matches(ctx, t, p.User.PasswordHash, password, source)
	if err != nil {
		return proof{}, err
	}
	if !ok {
		return proof{}, domain.ErrWrongPassword
	}
	return proof{try: t, version: p.User.PasswordVersion}, nil
}

// holds reports, by domain.ErrWrongPassword, that the password was changed since it was compared.
func (p proof) holds(locked domain.User) error {
	if locked.PasswordVersion != p.version {
		return domain.ErrWrongPassword
	}
	return nil
}

// matches compares a password. What the try took is given back when nothing was compared.
func (a *App) matches(ctx context.Context, t try, hash domain.PasswordHash, password string, source domain.Source) (ok, outdated bool, err error) {
	ok, outdated, err = a.hasher.Verify(ports.WithSource(ctx, source), hash, domain.PasswordToTry(password))
	if err != nil {
		return false, false, a.refund(ctx, fmt.Errorf("compare the password: %w", err), t.taken()...)
	}
	return ok, outdated, nil
}

// hash hashes a password that is to be set. What the request took is given back when there was no hash.
func (a *App) hash(ctx context.Context, p domain.Password, source domain.Source, taken ...charge) (domain.PasswordHash, error) {
	hash, err := a.hasher.Hash(ports.WithSource(ctx, source), p)
	if err != nil {
		return hash, a.refund(ctx, fmt.Errorf("hash the password: %w", err), taken...)
	}
	return hash, nil
}

// refused reports whether an error says that there was no time or place for the work, rather than that it failed.
func refused(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind == domain.KindUnavailable
}
