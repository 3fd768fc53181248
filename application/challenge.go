package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// openChallenge stores a challenge and the job that mails its codes.
func (a *App) openChallenge(ctx context.Context, tx ports.Store, c domain.Challenge) error {
	if err := tx.Challenges().Create(ctx, c); err != nil {
		return fmt.Errorf("open a challenge: %w", err)
	}
	return a.mailChallenge(ctx, tx, c.ID)
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

// DeliverChallenge mails the codes of a challenge. It may be repeated: the mail then carries the same codes. A
// challenge that has died meanwhile, or that belongs to nobody, is dropped.
func (a *App) DeliverChallenge(ctx context.Context, id uuid.UUID) error {
	c, err := a.store.Challenges().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read challenge %s: %w", id, err)
	}
	if !c.Live(a.now()) {
		return nil
	}
	wanted, err := a.wanted(ctx, c)
	if err != nil {
		return fmt.Errorf("read the user of challenge %s: %w", id, err)
	}
	if wanted {
		if err := a.mailer.SendChallenge(ctx, c, a.codes.Codes(c)); err != nil {
			return fmt.Errorf("mail challenge %s: %w", id, err)
		}
	}
	now := a.now()
	if err := a.store.Challenges().MarkHandedOver(ctx, id, now, now.Add(domain.ChallengeLife)); err != nil {
		return fmt.Errorf("mark challenge %s as handed over: %w", id, err)
	}
	return nil
}

// wanted reports whether somebody waits for the challenge's mail.
func (a *App) wanted(ctx context.Context, c domain.Challenge) (bool, error) {
	if c.UserID == uuid.Nil {
		return false, nil
	}
	u, err := a.store.Users().ByID(ctx, c.UserID)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	return !u.Verified(), err
}
