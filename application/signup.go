package application

import (
	"context"
	"fmt"

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
// same, does the same work, and changes nothing; the owner is told, at most once an hour.
func (a *App) SignUp(ctx context.Context, in SignUp) (domain.User, error) {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return domain.User{}, err
	}
	password, err := a.newPassword(in.Password, email, in.FirstName, in.LastName)
	if err != nil {
		return domain.User{}, err
	}
	now := a.now()
	u := domain.NewUser(a.newID(), email, domain.PasswordHash{}, in.Locale, now)
	if err := u.Rename(in.FirstName, in.LastName, now); err != nil {
		return domain.User{}, err
	}
	if a.settings.RateLimits {
		if err := a.take(ctx, now, a.claim(a.settings.Budgets.SignUpsFromNetwork, "sign-ups", in.Client.Network())); err != nil {
			return domain.User{}, err
		}
	}
	if u.PasswordHash, err = a.hasher.Hash(ctx, password); err != nil {
		return domain.User{}, fmt.Errorf("hash the password: %w", err)
	}
	challenge := a.newRandomID()
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		mail, err := a.mailAllowed(ctx, tx, domain.PurposeVerifyEmail, email, now, false)
		if err != nil {
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
		if !created && a.settings.RevealDuplicates {
			return domain.ErrEmailTaken
		}
		if err := tx.Users().DeleteAttempts(ctx, email.Key, domain.MaxAttempts); err != nil {
			return err
		}
		owner := u.ID
		if !created {
			owner = uuid.Nil
		}
		c := domain.NewChallenge(challenge, domain.PurposeVerifyEmail, email, owner, in.Locale, guesses(live), now)
		if err := a.openChallenge(ctx, tx, c, mail); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionUserSignedUp, subject: u.ID, client: in.Client})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	return u, nil
}
