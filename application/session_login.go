package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Login proves who somebody is by address and password.
type Login struct {
	Email    string
	Password string
	Source   domain.Source
}

// Login begins a session. A wrong password and an unknown address get the same answer after the same work: the hasher
// compares nobody's hash with a decoy. Only the
// right password learns that the account is unverified or blocked: domain.ErrAccountUnverified,
// domain.ErrAccountBlocked.
func (a *App) Login(ctx context.Context, in Login) (TokenPair, error) {
	email, parseErr := domain.ParseEmail(in.Email)
	if parseErr != nil {
		email = domain.Email{Key: in.Email} // no account has it; the work and the answer are the same
	}
	t, err := a.try(ctx, email.Key, in.Source)
	if err != nil {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	u, err := a.deps.Store.Users().ByEmail(ctx, email.Key)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return TokenPair{}, a.refund(ctx, fmt.Errorf("log in: %w", err), t.charged()...)
	}
	ok, outdated, err := a.matches(ctx, t, u.PasswordHash, in.Password, in.Source)
	if err != nil {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	if !ok {
		return TokenPair{}, domain.ErrInvalidCredentials
	}
	var upgraded domain.PasswordHash // zero: none
	if outdated {
		upgraded, err = a.hash(ctx, domain.PasswordToTry(in.Password), in.Source)
		if err != nil && !refused(err) { // a queue without room must not keep the right password out
			return TokenPair{}, fmt.Errorf("log in: %w", err)
		}
	}
	pair, err := a.beginSession(ctx, u, upgraded, t, in.Source)
	if errors.Is(err, domain.Throttled(0)) {
		err = a.refund(ctx, err, t.charged()...) // the password was right
	}
	if err != nil {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	return pair, nil
}

// beginSession opens a session for a user whose password was right when it was compared. Under the user's lock it
// looks again, since the account may have changed meanwhile.
func (a *App) beginSession(ctx context.Context, compared domain.User, upgraded domain.PasswordHash, t try, source domain.Source) (TokenPair, error) {
	id, jti := a.deps.NewID(), a.deps.NewID()
	var state ports.SessionState
	var now time.Time
	err := a.write(ctx, domain.Anonymous{}, source, ports.UserSet{IDs: []uuid.UUID{compared.ID}}, func(tx *tx) error {
		u, ok := tx.user(compared.ID)
		switch {
		case !ok || u.PasswordVersion != compared.PasswordVersion || u.Email.Key != compared.Email.Key:
			return domain.ErrInvalidCredentials
		case !u.Verified():
			return domain.ErrAccountUnverified
		case u.BlockedAt(tx.now):
			return domain.ErrAccountBlocked
		}
		if !upgraded.IsZero() {
			if err := tx.Users().UpgradeHash(ctx, u.ID, compared.PasswordHash, upgraded); err != nil {
				return err
			}
		}
		tx.identify(u)
		now = tx.now
		session, token := domain.NewSession(id, u.ID, jti, source, now, a.deps.Settings.Sessions)
		state = ports.SessionState{User: u, Session: session, Token: token}
		if _, err := tx.Sessions().EndOldest(ctx, u.ID, a.deps.Settings.Sessions.PerUser-1, domain.ReasonRevoked, now); err != nil {
			return err
		}
		if err := tx.Sessions().Create(ctx, session, token); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionSessionStarted, u.ID, "session", id.String()); err != nil {
			return err
		}
		failures, err := t.settle(ctx, tx)
		if err != nil || failures < domain.SuspiciousFailures {
			return err
		}
		return a.tellOfSuspicion(ctx, tx, u)
	})
	if err != nil {
		return TokenPair{}, err
	}
	return a.sign(state, now)
}

// tellOfSuspicion records a login that came after many failed ones, and tells the owner, at most once a day.
func (a *App) tellOfSuspicion(ctx context.Context, tx *tx, u domain.User) error {
	if err := a.record(ctx, tx, domain.ActionLoginSuspicious, u.ID); err != nil {
		return err
	}
	wait, err := tx.Throttles().Take(ctx, a.throttles.For(domain.ThrottleSuspicionNotices, u.ID.String()), domain.SuspicionNotices, tx.now)
	if err != nil || wait > 0 {
		return err
	}
	return a.notify(ctx, tx, domain.NoticeSuspiciousLogin, u)
}
