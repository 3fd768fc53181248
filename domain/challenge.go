package domain

import (
	"time"

	"github.com/google/uuid"
)

// Purpose is the use of a challenge. A code serves its own purpose only.
type Purpose string

// The purposes.
const (
	PurposeVerifyEmail   Purpose = "verify_email"
	PurposeResetPassword Purpose = "reset_password"
	PurposeChangeEmail   Purpose = "change_email"
	PurposeInvitation    Purpose = "invitation" // it has the long code alone
)

// Purposes are all of them.
var Purposes = []Purpose{PurposeVerifyEmail, PurposeResetPassword, PurposeChangeEmail, PurposeInvitation}

const (
	// ChallengeLife is how long a code lives once its mail was handed over (ASVS 6.5.5).
	ChallengeLife = 10 * time.Minute
	// ChallengeDelivery is how long a challenge waits for its mail to be handed over.
	ChallengeDelivery = 24 * time.Hour
	// MaxGuesses is how many wrong digits a challenge takes.
	MaxGuesses = 5
	// InvitationLife is how long an invitation lives. Six digits could be guessed in that time, across many invitations.
	InvitationLife = 72 * time.Hour
)

// Challenge asks the owner of an address for a code that was mailed there. It does not hold the code: CodeKey derives
// it.
type Challenge struct {
	ID           uuid.UUID // random (version 4): the code is derived from it, among others
	Purpose      Purpose
	Email        Email
	UserID       uuid.UUID // nil when no account of the address fits the purpose: no mail goes out
	Locale       Locale
	Guesses      int    // wrong digits so far, of the address rather than of this challenge alone
	Source       Source // of the request for it
	SignUp       SignUp // PurposeVerifyEmail: whose address is to be verified
	CreatedAt    time.Time
	HandOvers    int       // tries to hand its mail to the mail server, without those that certainly failed
	HandedOverAt time.Time // when the first of them began; zero: none
	ExpiresAt    time.Time
}

// SignUp is when and from where a sign-up came, for its mail.
type SignUp struct {
	At      time.Time
	Network string // in clear; empty: not known any more
}

// NewChallenge returns a challenge whose mail is still to be sent.
func NewChallenge(id uuid.UUID, purpose Purpose, email Email, user uuid.UUID, locale Locale, guesses int, source Source, now time.Time) Challenge {
	return Challenge{ID: id, Purpose: purpose, Email: email, UserID: user, Locale: locale, Guesses: guesses,
		Source: source, CreatedAt: now, ExpiresAt: now.Add(ChallengeDelivery)}
}

// NewInvitationCode returns the challenge of an invitation, which lives as long as the invitation does.
func NewInvitationCode(id uuid.UUID, invited User, source Source, now time.Time) Challenge {
	c := NewChallenge(id, PurposeInvitation, invited.Email, invited.ID, invited.Locale, 0, source, now)
	c.ExpiresAt = invited.UnverifiedUntil
	return c
}

// EndsAt is when the challenge ends if its mail is first handed over at a time; zero: it has not been yet.
func (c *Challenge) EndsAt(handedOver time.Time) time.Time {
	switch {
	case c.Purpose == PurposeInvitation:
		return c.ExpiresAt
	case handedOver.IsZero():
		return c.CreatedAt.Add(ChallengeDelivery)
	}
	return handedOver.Add(ChallengeLife)
}

// Live reports whether the challenge can still be answered.
func (c *Challenge) Live(now time.Time) bool { return now.Before(c.ExpiresAt) }

// Repeatable reports whether the same codes may be mailed again: at least half of their life is left.
func (c *Challenge) Repeatable(now time.Time) bool {
	if c.Purpose == PurposeInvitation {
		return c.Live(now)
	}
	return c.HandedOverAt.IsZero() && c.Live(now) || c.ExpiresAt.Sub(now) >= ChallengeLife/2
}

// Awaited reports whether an answer may still come: the codes live, and their mail went out or is not late yet.
func (c *Challenge) Awaited(now time.Time) bool {
	return c.Live(now) && (!c.HandedOverAt.IsZero() || now.Before(c.CreatedAt.Add(ChallengeLife)))
}
