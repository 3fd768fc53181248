package portstest

import (
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

var challengeTests = tests{
	"Create and ByID keep every field of a challenge": func(e *env) {
		u := e.user()
		for _, p := range []domain.Purpose{domain.PurposeVerifyEmail, domain.PurposeResetPassword, domain.PurposeChangeEmail} {
			c := e.challenge(p, e.email(), u.ID, 3)
			same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
		}
	},
	"Create keeps a challenge of an address that has no account": func(e *env) {
		c := e.challenge(domain.PurposeResetPassword, e.email(), uuid.Nil, 0)
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
	},
	"Create keeps the time of a hand-over": func(e *env) {
		c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, e.email(), uuid.Nil, domain.LocaleEnglish, 1, domain.Source{}, e.now)
		c.HandOvers, c.HandedOverAt = 1, e.now.Add(time.Microsecond)
		e.must(e.Store.Challenges().Create(e.ctx, c))
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
	},
	"ByID of an absent challenge is ErrNotFound": func(e *env) {
		e.fails(second(e.Store.Challenges().ByID(e.ctx, uuid.New())), domain.ErrNotFound)
	},
	"Live returns the address's challenges of the purpose that have not expired, newest first": func(e *env) {
		email, p := e.email(), domain.PurposeVerifyEmail
		oldest := e.challenge(p, email, uuid.Nil, 0)
		middle := e.challenge(p, email, uuid.Nil, domain.MaxGuesses)
		newest := e.challenge(p, email, uuid.Nil, 0)
		e.challenge(domain.PurposeResetPassword, email, uuid.Nil, 0)
		e.challenge(p, e.email(), uuid.Nil, 0)
		live := func(now time.Time) []domain.Challenge {
			e.Helper()
			return ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, p, email.Key, now))
		}
		sameList(e, live(e.now), []domain.Challenge{newest, middle, oldest})
		sameList(e, live(oldest.ExpiresAt.Add(-time.Microsecond)), []domain.Challenge{newest, middle, oldest})
		sameList(e, live(oldest.ExpiresAt), []domain.Challenge{newest, middle})
		sameList(e, live(newest.ExpiresAt), nil)
		sameList(e, ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, p, e.email().Key, e.now)), nil)
	},
	"Consume removes a live challenge; of 16 concurrent calls one succeeds": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		bystander := e.challenge(domain.PurposeVerifyEmail, c.Email, uuid.Nil, 0)
		e.oneWins(e.race(racers, func(int) error { return e.Store.Challenges().Consume(e.ctx, c.ID, e.now) }), domain.ErrNotFound)
		e.fails(second(e.Store.Challenges().ByID(e.ctx, c.ID)), domain.ErrNotFound)
		e.must(second(e.Store.Challenges().ByID(e.ctx, bystander.ID)))
	},
	"Consume of an absent challenge is ErrNotFound": func(e *env) {
		e.fails(e.Store.Challenges().Consume(e.ctx, uuid.New(), e.now), domain.ErrNotFound)
	},
	"Consume of a challenge at its end is ErrNotFound": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		e.fails(e.Store.Challenges().Consume(e.ctx, c.ID, c.ExpiresAt), domain.ErrNotFound)
		e.fails(e.Store.Challenges().Consume(e.ctx, c.ID, c.ExpiresAt.Add(time.Hour)), domain.ErrNotFound)
		e.must(e.Store.Challenges().Consume(e.ctx, c.ID, c.ExpiresAt.Add(-time.Microsecond)))
	},
	"BeginHandOver sets HandedOverAt and ExpiresAt with the first try only": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 2)
		c.HandedOverAt, c.ExpiresAt = e.now.Add(time.Microsecond), e.now.Add(domain.ChallengeLife)
		for i := range 3 {
			later := time.Duration(i) * time.Minute
			e.must(e.Store.Challenges().BeginHandOver(e.ctx, c.ID, c.HandedOverAt.Add(later), c.ExpiresAt.Add(later)))
			c.HandOvers++
			same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
		}
	},
	"UndoHandOver takes one try back, and with the last one the hand-over": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 2)
		before, expires := c, c.ExpiresAt.Add(time.Hour)
		c.HandOvers, c.HandedOverAt, c.ExpiresAt = 1, e.now, e.now.Add(domain.ChallengeLife)
		for range 2 {
			e.must(e.Store.Challenges().BeginHandOver(e.ctx, c.ID, c.HandedOverAt, c.ExpiresAt))
		}
		e.must(e.Store.Challenges().UndoHandOver(e.ctx, c.ID, expires))
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
		before.ExpiresAt = expires
		for range 2 { // the second one finds nothing to take back
			e.must(e.Store.Challenges().UndoHandOver(e.ctx, c.ID, before.ExpiresAt))
			same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), before)
		}
	},
	"16 concurrent tries are all counted": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		e.allWin(e.race(racers, func(i int) error {
			if err := e.Store.Challenges().BeginHandOver(e.ctx, c.ID, e.now, e.now.Add(time.Minute)); err != nil || i%4 > 0 {
				return err
			}
			return e.Store.Challenges().UndoHandOver(e.ctx, c.ID, c.ExpiresAt)
		}))
		got := ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID))
		same(e, got.HandOvers, racers*3/4)
		same(e, got.HandedOverAt, e.now)
	},
	"a hand-over of a challenge that is gone is no error": func(e *env) {
		e.must(e.Store.Challenges().BeginHandOver(e.ctx, uuid.New(), e.now, e.now.Add(time.Hour)))
		e.must(e.Store.Challenges().UndoHandOver(e.ctx, uuid.New(), e.now.Add(time.Hour)))
	},
	"DeleteByAddress removes the challenges of the address for the purpose, and no others": func(e *env) {
		email := e.email()
		gone := []domain.Challenge{
			e.challenge(domain.PurposeVerifyEmail, email, uuid.Nil, 0),
			e.challenge(domain.PurposeVerifyEmail, email, e.user().ID, domain.MaxGuesses),
		}
		kept := []domain.Challenge{
			e.challenge(domain.PurposeResetPassword, email, uuid.Nil, 0),
			e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0),
		}
		for range 2 {
			e.must(e.Store.Challenges().DeleteByAddress(e.ctx, domain.PurposeVerifyEmail, email.Key))
		}
		e.goneAndKept(gone, kept)
	},
	"DeleteByUser removes all challenges of the user, and no others": func(e *env) {
		u := e.user()
		gone := []domain.Challenge{
			e.challenge(domain.PurposeResetPassword, u.Email, u.ID, 0),
			e.challenge(domain.PurposeChangeEmail, e.email(), u.ID, 0),
		}
		kept := []domain.Challenge{
			e.challenge(domain.PurposeResetPassword, u.Email, uuid.Nil, 0),
			e.challenge(domain.PurposeResetPassword, u.Email, e.user().ID, 0),
		}
		for range 2 {
			e.must(e.Store.Challenges().DeleteByUser(e.ctx, u.ID))
		}
		e.goneAndKept(gone, kept)
	},
}

func (e *env) goneAndKept(gone, kept []domain.Challenge) {
	e.Helper()
	for _, c := range gone {
		e.fails(second(e.Store.Challenges().ByID(e.ctx, c.ID)), domain.ErrNotFound)
	}
	for _, c := range kept {
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
	}
}

var guessTests = tests{
	"CountGuess counts on each live challenge of the address and purpose": func(e *env) {
		email, p := e.email(), domain.PurposeVerifyEmail
		counted := []domain.Challenge{e.challenge(p, email, uuid.Nil, 0), e.challenge(p, email, uuid.Nil, 3)}
		others := []domain.Challenge{
			e.challenge(domain.PurposeChangeEmail, email, uuid.Nil, 0),
			e.challenge(p, e.email(), uuid.Nil, 0),
		}
		e.must(e.Store.Challenges().CountGuess(e.ctx, p, email.Key, e.now))
		for i := range counted {
			counted[i].Guesses++
		}
		e.goneAndKept(nil, append(others, counted...))
	},
	"CountGuess passes over challenges that are used up or have expired": func(e *env) {
		email, p := e.email(), domain.PurposeVerifyEmail
		expired := e.challenge(p, email, uuid.Nil, 0)
		usedUp := e.challenge(p, email, uuid.Nil, domain.MaxGuesses)
		last := e.challenge(p, email, uuid.Nil, domain.MaxGuesses-1)
		last.Guesses++
		for range 2 {
			e.must(e.Store.Challenges().CountGuess(e.ctx, p, email.Key, expired.ExpiresAt))
		}
		e.goneAndKept(nil, []domain.Challenge{expired, usedUp, last})
	},
	"CountGuess of an address without challenges is no error": func(e *env) {
		e.must(e.Store.Challenges().CountGuess(e.ctx, domain.PurposeVerifyEmail, e.email().Key, e.now))
	},
	"of 16 concurrent CountGuesses none is lost, and none counts past MaxGuesses": func(e *env) {
		email, p := e.email(), domain.PurposeVerifyEmail
		fresh, used := e.challenge(p, email, uuid.Nil, 0), e.challenge(p, email, uuid.Nil, 3)
		count := func(int) error { return e.Store.Challenges().CountGuess(e.ctx, p, email.Key, e.now) }
		e.allWin(e.race(domain.MaxGuesses-1, count))
		fresh.Guesses, used.Guesses = domain.MaxGuesses-1, domain.MaxGuesses
		e.goneAndKept(nil, []domain.Challenge{fresh, used})
		e.allWin(e.race(racers, count))
		fresh.Guesses = domain.MaxGuesses
		e.goneAndKept(nil, []domain.Challenge{fresh, used})
	},
	"guesses, deletions and the end of the user at the same moment do not wait for each other in a circle": func(e *env) {
		for range 5 {
			u := e.user()
			for range 4 {
				e.challenge(domain.PurposeResetPassword, u.Email, u.ID, 0)
			}
			e.allWin(e.race(racers, func(i int) error {
				switch i {
				case 0:
					return e.Store.Challenges().DeleteByUser(e.ctx, u.ID)
				case 1:
					return e.Store.Challenges().DeleteByAddress(e.ctx, domain.PurposeResetPassword, u.Email.Key)
				case 2:
					return e.Store.Users().Delete(e.ctx, u.ID, e.now)
				default:
					return e.Store.Challenges().CountGuess(e.ctx, domain.PurposeResetPassword, u.Email.Key, e.now)
				}
			}))
		}
	},
	"CountGuess and Consume at the same moment: the challenge is gone, and no call fails": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		e.allWin(e.race(4, func(i int) error {
			if i == 0 {
				return e.Store.Challenges().Consume(e.ctx, c.ID, e.now)
			}
			return e.Store.Challenges().CountGuess(e.ctx, c.Purpose, c.Email.Key, e.now)
		}))
		e.goneAndKept([]domain.Challenge{c}, nil)
	},
}
