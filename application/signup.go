package application

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// SignUp is an attempt to open an account.
type SignUp struct {
	Email     string
	Password  string
	FirstName string
	LastName  string
	Locale    domain.Locale
	Client    domain.Client
}

// SignUp stores the attempt and has the code mailed. For an address that has a verified account it answers the
// same, does the same work, and changes nothing.
func (a *App) SignUp(ctx context.Context, in SignUp) (domain.User, error) {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return domain.User{}, err
	}
	password, err := domain.NewPassword(in.Password)
	if err != nil {
		return domain.User{}, err
	}
	now := a.now()
	u := domain.NewUser(a.newID(), email, domain.PasswordHash{}, in.Locale, now)
	if err := u.Rename(in.FirstName, in.LastName, now); err != nil {
		return domain.User{}, err
	}
	if u.PasswordHash, err = a.hasher.Hash(ctx, password); err != nil {
		return domain.User{}, fmt.Errorf("hash the password: %w", err)
	}
	challenge := a.newRandomID()
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		if _, err := a.mailAllowed(ctx, tx, email, now); err != nil {
			return err
		}
		live, err := tx.Challenges().Live(ctx, domain.PurposeVerifyEmail, email.Key, now)
		if err != nil {
			return err
		}
		created, err := tx.Users().CreateAttempt(ctx, u)
		if err != nil {
			return err
		}
		if err := tx.Users().DeleteAttempts(ctx, email.Key, domain.MaxAttempts); err != nil {
			return err
		}
		owner := u.ID
		if !created {
			owner = uuid.Nil
		}
		c := domain.NewChallenge(challenge, domain.PurposeVerifyEmail, email, owner, in.Locale, guesses(live), now)
		if err := a.openChallenge(ctx, tx, c); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionUserSignedUp, subject: u.ID, client: in.Client})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	return u, nil
}

// mailAllowed takes one mail of the address's budget and reports whether there was one left.
func (a *App) mailAllowed(ctx context.Context, tx ports.Store, email domain.Email, now time.Time) (bool, error) {
	if !a.settings.RateLimits {
		return true, nil
	}
	wait, err := tx.Throttles().Take(ctx, a.throttles.For("mail", email.Key), domain.ResendBudget, now)
	return wait == 0, err
}
