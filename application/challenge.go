package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// openChallenge stores a challenge and, unless the address's mails are used up, the job that mails its codes.
func (a *App) openChallenge(ctx context.Context, tx ports.Store, c domain.Challenge, mail bool) error {
	if err := tx.Challenges().Create(ctx, c); err != nil {
		return fmt.Errorf("open a challenge: %w", err)
	}
	if !mail {
		return nil
	}
	return a.mailChallenge(ctx, tx, c.ID)
}

// askForCode has a code mailed to an address, if it is one of a user that fits: the codes of the live challenge
// once more, or, late in its life, those of a new one. For other addresses it does the same work, to no effect.
func (a *App) askForCode(ctx context.Context, address string, p domain.Purpose, fits func(domain.User) bool, client domain.Client) error {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return err
	}
	now, id := a.now(), a.newRandomID()
	return a.store.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		if allowed, err := a.mailAllowed(ctx, tx, p, email, now, true); err != nil || !allowed {
			return err
		}
		u, err := tx.Users().ByEmail(ctx, email.Key)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		owner, locale := u.ID, u.Locale
		if err != nil || !fits(u) {
			owner, locale = uuid.Nil, domain.LocaleEnglish
		}
		if err := a.record(ctx, tx, now, event{action: domain.ActionCodeRequested, subject: owner, client: client,
			details: map[string]string{"purpose": string(p)}}); err != nil {
			return err
		}
		live, err := tx.Challenges().Live(ctx, p, email.Key, now)
		if err != nil {
			return err
		}
		for _, c := range live {
			if c.UserID == owner && c.Repeatable(now) {
				return a.mailChallenge(ctx, tx, c.ID)
			}
		}
		return a.openChallenge(ctx, tx, domain.NewChallenge(id, p, email, owner, locale, guesses(live), now), true)
	})
}

func (a *App) mailChallenge(ctx context.Context, tx ports.Store, id uuid.UUID) error {
	if err := tx.Jobs().SendChallenge(ctx, id); err != nil {
		return fmt.Errorf("enqueue a challenge's mail: %w", err)
	}
	return nil
}

// guesses are what a new challenge inherits: opening another one buys nobody another guess.
func guesses(live []domain.Challenge) int {
	most := 0
	for _, c := range live {
		most = max(most, c.Guesses)
	}
	return most
}

// spend takes a guess of the digits from the budgets of the address and the network: 50 a day at the most,
// however many challenges are opened. The long code cannot be guessed and costs nothing.
func (a *App) spend(ctx context.Context, email domain.Email, code domain.Code, client domain.Client) error {
	if !code.Guessable() {
		return nil
	}
	return a.take(ctx, a.now(), a.guess(email, client)...)
}

// answered finds the challenge that the code answers among those the address has open, and counts the guess
// when the code is the short form. domain.ErrInvalidCode is a verdict: commit it, or the guess is forgotten.
func (a *App) answered(ctx context.Context, tx ports.Store, p domain.Purpose, email domain.Email, code domain.Code) (domain.Challenge, error) {
	open := tx.Challenges().Live
	if code.Guessable() {
		open = tx.Challenges().Guess
	}
	live, err := open(ctx, p, email.Key, a.now())
	if err != nil {
		return domain.Challenge{}, err
	}
	for _, c := range live {
		if c.UserID != uuid.Nil && code.Answers(a.codes.Codes(c)) {
			return c, nil
		}
	}
	return domain.Challenge{}, domain.ErrInvalidCode
}

// verdict runs fn in a transaction. What fn returns as its first error is a verdict, to be told after the
// commit; its second one rolls back.
func (a *App) verdict(ctx context.Context, fn func(tx ports.Store) (verdict, failure error)) error {
	var verdict error
	err := a.store.InTx(ctx, func(tx ports.Store) (err error) {
		verdict, err = fn(tx)
		return err
	})
	if err != nil {
		return err
	}
	return verdict
}
