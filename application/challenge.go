package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// askForCode has a code mailed to the user of an address that pick chooses: the codes of the live challenge once
// more, or, late in its life, those of a new one. Where pick finds nobody it does the same work, to no effect.
func (a *App) askForCode(ctx context.Context, address string, p domain.Purpose, source domain.Source, pick func(h held, key string) (domain.User, bool)) error {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return err
	}
	if a.settings.RateLimits {
		mails := a.charge(a.settings.Budgets.MailsFromNetwork, domain.ThrottleMailsFromNetwork, source.Network())
		if err := a.take(ctx, a.now(), mails); err != nil {
			return err
		}
	}
	id := a.newRandomID()
	err = a.write(ctx, domain.Anonymous{}, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		to, locale := email, domain.LocaleEnglish
		u, found := pick(h, email.Key)
		if found {
			to, locale = u.Email, u.Locale
		}
		live, err := tx.Challenges().Live(ctx, p, email.Key, h.now)
		if err != nil {
			return err
		}
		c := domain.NewChallenge(id, p, to, u.ID, locale, guesses(live), source, h.now)
		repeated := false
		for _, l := range live {
			if l.UserID == u.ID && l.Repeatable(h.now) {
				c, repeated = l, true
				break
			}
		}
		if !repeated {
			if err := tx.Challenges().Create(ctx, c); err != nil {
				return fmt.Errorf("open a challenge: %w", err)
			}
		}
		if err := a.mailChallenge(ctx, tx, c.ID); err != nil {
			return err
		}
		return a.takeMail(ctx, tx, p, email, source, h.now, true)
	})
	if errors.Is(err, domain.Throttled(0)) {
		return nil // an address whose mails are used up is answered like any other
	}
	return err
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

// answer is a code that was right when it was compared, and what the guess cost.
type answer struct {
	challenge domain.Challenge
	charges   []charge
}

// compare finds the challenge of an address that the code answers, among those that fit. It comes before anything
// that is dear. Digits cost a guess of the budgets of address and network, and wrong ones one of the challenges'; the
// long code cannot be guessed, and costs nothing. A right code has to be redeemed.
func (a *App) compare(ctx context.Context, actor domain.Actor, p domain.Purpose, email domain.Email, code domain.Code, source domain.Source,
	fits func(domain.Challenge) bool,
) (answer, error) {
	if !code.Guessable() {
		live, err := a.store.Challenges().Live(ctx, p, email.Key, a.now())
		if err != nil {
			return answer{}, err
		}
		c, err := a.answered(live, code, fits)
		return answer{challenge: c}, err
	}
	found := answer{charges: a.guess(email, source)}
	if err := a.take(ctx, a.now(), found.charges...); err != nil {
		return answer{}, err
	}
	var outcome error
	err := a.write(ctx, actor, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		live, err := tx.Challenges().Live(ctx, p, email.Key, h.now)
		if err != nil {
			return err
		}
		if found.challenge, outcome = a.answered(live, code, fits); outcome == nil {
			return nil
		}
		return tx.Challenges().CountGuess(ctx, p, email.Key, h.now)
	})
	if err != nil {
		return answer{}, err
	}
	return found, outcome
}

// answered finds the challenge that the code answers; digits do not answer one whose guesses are used up.
func (a *App) answered(live []domain.Challenge, code domain.Code, fits func(domain.Challenge) bool) (domain.Challenge, error) {
	for _, c := range live {
		if c.UserID == uuid.Nil || code.Guessable() && c.Guesses >= domain.MaxGuesses || !fits(c) {
			continue
		}
		if code.Answers(a.codes.Codes(c)) {
			return c, nil
		}
	}
	return domain.Challenge{}, domain.ErrInvalidCode
}

// redeem uses a code up, in the transaction of what it is for, under its user's lock: domain.ErrInvalidCode when it
// has died since it was compared.
func (a *App) redeem(ctx context.Context, tx ports.Store, found answer, h held) error {
	err := tx.Challenges().Consume(ctx, found.challenge.ID, h.now)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrInvalidCode
	}
	return err
}

// anyChallenge fits always.
func anyChallenge(domain.Challenge) bool { return true }
