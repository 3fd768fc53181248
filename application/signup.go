package application

import (
	"context"
	"fmt"
	"slices"
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
	Source    domain.Source
}

// SignUp stores the attempt and has the code mailed. It replaces an earlier attempt of the same network. For an
// address that has a verified account it answers the same, does the same work, and changes nothing; the owner is
// told, at most once an hour.
func (a *App) SignUp(ctx context.Context, in SignUp) (domain.User, error) {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return domain.User{}, err
	}
	password, err := a.newPassword(in.Password, email, in.FirstName, in.LastName)
	if err != nil {
		return domain.User{}, err
	}
	if err := new(domain.User).Rename(in.FirstName, in.LastName, a.now()); err != nil {
		return domain.User{}, err
	}
	charges, err := a.takeSignUp(ctx, email, in.Source)
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	hash, err := a.hash(ctx, password, in.Source, charges...)
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	id, challenge := a.newID(), a.newRandomID()
	var u domain.User
	err = a.write(ctx, domain.Anonymous{}, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		live, err := tx.Challenges().Live(ctx, domain.PurposeVerifyEmail, email.Key, h.now)
		if err != nil {
			return err
		}
		u = domain.NewUser(id, email, hash, in.Locale, h.now)
		u.SignUpNetwork = a.signUpNetwork(in.Source)
		if err := u.Rename(in.FirstName, in.LastName, h.now); err != nil {
			return err
		}
		created, err := tx.Users().CreateAttempt(ctx, u)
		if err != nil {
			return err
		}
		if !created && a.settings.RevealDuplicates {
			return domain.ErrEmailTaken
		}
		giveWay := h.signUps(email.Key, func(o domain.User) bool {
			return o.SignUpNetwork == u.SignUpNetwork || !awaited(live, o.ID, h.now)
		})
		if err := tx.Users().DeleteAttempts(ctx, giveWay...); err != nil {
			return err
		}
		owner := u.ID
		if !created {
			owner = uuid.Nil
		}
		c := domain.NewChallenge(challenge, domain.PurposeVerifyEmail, email, owner, in.Locale, guesses(live), in.Source, h.now)
		if err := tx.Challenges().Create(ctx, c); err != nil {
			return fmt.Errorf("open a challenge: %w", err)
		}
		if err := a.mailChallenge(ctx, tx, c.ID); err != nil {
			return err
		}
		if err := a.record(ctx, tx, h.now, event{action: domain.ActionUserSignedUp, subject: u.ID, source: in.Source}); err != nil {
			return err
		}
		return a.takeMail(ctx, tx, domain.PurposeVerifyEmail, email, in.Source, h.now, false)
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	return u, nil
}

// takeSignUp takes a sign-up from the network's budget. One whose mail would be refused is refused before its
// password is hashed.
func (a *App) takeSignUp(ctx context.Context, email domain.Email, source domain.Source) ([]charge, error) {
	if !a.settings.RateLimits {
		return nil, nil
	}
	now := a.now()
	if err := a.look(ctx, now, a.mails(domain.PurposeVerifyEmail, email, source)...); err != nil {
		return nil, err
	}
	signUp := a.charge(a.settings.Budgets.SignUpsFromNetwork, domain.ThrottleSignUpsFromNetwork, source.Network())
	return []charge{signUp}, a.take(ctx, now, signUp)
}

// signUpNetwork names the source's network in a sign-up: nobody can tell it from the name.
func (a *App) signUpNetwork(source domain.Source) string {
	return a.throttles.For(domain.ThrottleSignUpsFromNetwork, source.Network())
}

// awaited reports whether a code of the user may still be about to come.
func awaited(live []domain.Challenge, user uuid.UUID, now time.Time) bool {
	return slices.ContainsFunc(live, func(c domain.Challenge) bool { return c.UserID == user && c.Awaited(now) })
}
