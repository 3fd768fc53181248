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

// SignUp asks for an account.
type SignUp struct {
	Email     string
	Password  string
	FirstName string
	LastName  string
	Locale    domain.Locale
	Source    domain.Source
}

// SignUp stores an unverified user and has a code mailed. It replaces an earlier sign-up of the same address and
// network. For an address that has a verified account it gives the same answer after the same work, and changes
// nothing; the owner is told, at most once an hour.
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
	costs, err := a.chargeSignUp(ctx, email, in.Source)
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	hash, err := a.hash(ctx, password, in.Source, costs...)
	if err != nil {
		return domain.User{}, fmt.Errorf("sign up: %w", err)
	}
	id, challenge := a.deps.NewID(), a.deps.NewRandomID()
	var u domain.User
	err = a.write(ctx, domain.Anonymous{}, in.Source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		live, err := tx.Challenges().Live(ctx, domain.PurposeVerifyEmail, email.Key, tx.now)
		if err != nil {
			return err
		}
		u = domain.NewUser(id, email, hash, in.Locale, tx.now)
		u.SignUpNetwork = a.signUpNetwork(in.Source)
		if err := u.Rename(in.FirstName, in.LastName, tx.now); err != nil {
			return err
		}
		created, err := tx.Users().CreateSignUp(ctx, u)
		if err != nil {
			return err
		}
		if !created && a.deps.Settings.RevealDuplicates {
			return domain.ErrEmailTaken
		}
		err = a.deleteSignUps(ctx, tx, email.Key, func(o domain.User) bool {
			return o.SignedUp() && (o.SignUpNetwork == u.SignUpNetwork || !awaited(live, o.ID, tx.now))
		})
		if err != nil {
			return err
		}
		owner := u.ID
		if !created {
			owner = uuid.Nil
		}
		c := domain.NewChallenge(challenge, domain.PurposeVerifyEmail, email, owner, in.Locale, guesses(live), in.Source, tx.now)
		c.SignUp = domain.SignUp{At: tx.now, Network: in.Source.Network()}
		if err := createChallenge(ctx, tx, c); err != nil {
			return err
		}
		if err := mailCodes(ctx, tx, c); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionUserSignedUp, u.ID); err != nil {
			return err
		}
		return a.chargeMail(ctx, tx, domain.PurposeVerifyEmail, email, false)
	})
	return u, wrap(err, "sign up")
}

// chargeSignUp charges a sign-up to the network's budget. It refuses one whose mail would be refused, before the
// password is hashed.
func (a *App) chargeSignUp(ctx context.Context, email domain.Email, source domain.Source) ([]cost, error) {
	if !a.deps.Settings.RateLimits {
		return nil, nil
	}
	if err := a.checkBudgets(ctx, a.mailCosts(domain.PurposeVerifyEmail, email, source.Network())...); err != nil {
		return nil, err
	}
	signUp := a.cost(a.deps.Settings.Budgets.SignUpsFromNetwork, domain.ThrottleSignUpsFromNetwork, source.Network())
	return []cost{signUp}, a.charge(ctx, signUp)
}

// signUpNetwork is the keyed hash of the source's network, by which a sign-up remembers it.
func (a *App) signUpNetwork(source domain.Source) string {
	return a.throttles.For(domain.ThrottleSignUpsFromNetwork, source.Network())
}

// awaited reports whether the user may still answer one of the live challenges.
func awaited(live []domain.Challenge, user uuid.UUID, now time.Time) bool {
	return slices.ContainsFunc(live, func(c domain.Challenge) bool { return c.UserID == user && c.Awaited(now) })
}
