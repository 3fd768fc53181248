package application

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// askForCode mails a code to the user of an address that pick chooses: the codes of the live challenge once more, or,
// late in its life, those of a new one. When pick finds no user, askForCode does the same work, to no effect.
func (a *App) askForCode(ctx context.Context, address string, p domain.Purpose, source domain.Source,
	pick func(tx *tx, key string) (domain.User, bool),
) error {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return err
	}
	if a.deps.Settings.RateLimits {
		if err := a.charge(ctx, a.cost(a.deps.Settings.Budgets.MailsFromNetwork, domain.ThrottleMailsFromNetwork, source.Network())); err != nil {
			return err
		}
	}
	id := a.deps.NewRandomID()
	err = a.write(ctx, domain.Anonymous{}, source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		to, locale := email, domain.LocaleEnglish
		u, found := pick(tx, email.Key)
		if found {
			to, locale = u.Email, u.Locale
		}
		of := p
		if u.Invited() {
			of = domain.PurposeInvitation
		}
		live, err := tx.Challenges().Live(ctx, of, email.Key, tx.now)
		if err != nil {
			return err
		}
		c := domain.NewChallenge(id, p, to, u.ID, locale, guesses(live), source, tx.now)
		if u.Invited() {
			c = domain.NewInvitationCode(id, u, source, tx.now)
		}
		if p == domain.PurposeVerifyEmail {
			c.SignUp = signUpOf(u, live)
		}
		if i := slices.IndexFunc(live, func(l domain.Challenge) bool { return l.UserID == u.ID && l.Repeatable(tx.now) }); i >= 0 {
			c = live[i]
		} else if err := createChallenge(ctx, tx, c); err != nil {
			return err
		}
		if err := mailCodes(ctx, tx, c); err != nil {
			return err
		}
		return a.chargeMail(ctx, tx, p, email, true)
	})
	if errors.Is(err, domain.Throttled(0)) {
		return nil // an address whose mails are used up is answered like any other
	}
	return err
}

// signUpOf is when and from where a user signed up. The network is known while one of the user's challenges lives.
func signUpOf(u domain.User, live []domain.Challenge) domain.SignUp {
	if i := slices.IndexFunc(live, func(c domain.Challenge) bool { return c.UserID == u.ID }); i >= 0 {
		return live[i].SignUp
	}
	return domain.SignUp{At: u.CreatedAt}
}

func createChallenge(ctx context.Context, tx *tx, c domain.Challenge) error {
	return wrap(tx.Challenges().Create(ctx, c), "open a challenge")
}

// mailCodes enqueues the mail with the codes of a challenge.
func mailCodes(ctx context.Context, tx *tx, c domain.Challenge) error {
	return wrap(tx.Jobs().SendChallenge(ctx, c.ID), "enqueue a challenge's mail")
}

// guesses returns the guesses that a new challenge inherits: opening another one buys nobody another guess.
func guesses(live []domain.Challenge) int {
	most := 0
	for _, c := range live {
		most = max(most, c.Guesses)
	}
	return most
}

// answer is a code that was right when it was compared, and the costs of the guess.
type answer struct {
	challenge domain.Challenge
	costs     []cost
}

// compare finds the challenge of an address that the code answers, among those that fit. It comes before any dear
// work. Digits take a guess from the address's budget and from the network's; wrong digits also use up a guess of the
// challenges. The long code cannot be guessed, and costs nothing. A right code has to be redeemed.
func (a *App) compare(ctx context.Context, actor domain.Actor, source domain.Source, p domain.Purpose, email domain.Email, code domain.Code,
	fits func(domain.Challenge) bool,
) (answer, error) {
	if !code.Guessable() {
		live, err := a.deps.Store.Challenges().Live(ctx, p, email.Key, a.now())
		if err != nil {
			return answer{}, err
		}
		c, err := a.answered(live, code, fits)
		return answer{challenge: c}, err
	}
	found := answer{costs: a.guessCosts(email, source)}
	if err := a.charge(ctx, found.costs...); err != nil {
		return answer{}, err
	}
	err := a.write(ctx, actor, source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		live, err := tx.Challenges().Live(ctx, p, email.Key, tx.now)
		if err != nil {
			return err
		}
		c, refusal := a.answered(live, code, fits)
		if refusal == nil {
			found.challenge = c
			return nil
		}
		if err := tx.Challenges().CountGuess(ctx, p, email.Key, tx.now); err != nil {
			return err
		}
		return keep(refusal)
	})
	return found, err
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

// redeem uses a code up, under its user's lock, in the transaction that the code allows. It returns
// domain.ErrInvalidCode when the code has died since it was compared.
func (found answer) redeem(ctx context.Context, tx *tx) error {
	err := tx.Challenges().Consume(ctx, found.challenge.ID, tx.now)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrInvalidCode
	}
	return err
}
