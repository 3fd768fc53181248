package domain

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
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
)

const (
	// ChallengeLife is how long a code lives once its mail was handed over (ASVS 6.5.5).
	ChallengeLife = 10 * time.Minute
	// ChallengeDelivery is how long a challenge waits for its mail to be handed over.
	ChallengeDelivery = 24 * time.Hour
	// MaxGuesses is how many wrong digits a challenge takes.
	MaxGuesses = 5

	digits          = 6
	longCodeLetters = 26 // 130 bits in base 32
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
	CreatedAt    time.Time
	HandOvers    int       // tries to hand its mail to the mail server, without those that certainly failed
	HandedOverAt time.Time // when the first of them began; zero: none
	ExpiresAt    time.Time
}

// NewChallenge returns a challenge whose mail is still to be sent.
func NewChallenge(id uuid.UUID, purpose Purpose, email Email, user uuid.UUID, locale Locale, guesses int, source Source, now time.Time) Challenge {
	return Challenge{ID: id, Purpose: purpose, Email: email, UserID: user, Locale: locale, Guesses: guesses,
		Source: source, CreatedAt: now, ExpiresAt: now.Add(ChallengeDelivery)}
}

// Live reports whether the challenge can still be answered.
func (c *Challenge) Live(now time.Time) bool { return now.Before(c.ExpiresAt) }

// Repeatable reports whether the same codes may be mailed again: at least half of their life is left.
func (c *Challenge) Repeatable(now time.Time) bool {
	return c.HandedOverAt.IsZero() && c.Live(now) || c.ExpiresAt.Sub(now) >= ChallengeLife/2
}

// Awaited reports whether an answer may still come: the codes live, and their mail went out or is not late yet.
func (c *Challenge) Awaited(now time.Time) bool {
	return c.Live(now) && (!c.HandedOverAt.IsZero() || now.Before(c.CreatedAt.Add(ChallengeLife)))
}

// Codes are the two answers to a challenge, either of which is right.
type Codes struct {
	Digits Secret // six digits, for reading off; at most MaxGuesses tries
	Long   Secret // 130 bits in base 32, for links, and for an owner whose digits somebody else has used up
}

// CodeKey derives the codes of challenges.
type CodeKey struct{ key []byte }

// NewCodeKey derives the key from the service's secret.
func NewCodeKey(secret Secret) (CodeKey, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "coffee-shop-api challenge codes v1", sha256.Size)
	if err != nil {
		return CodeKey{}, fmt.Errorf("derive the key of codes: %w", err)
	}
	return CodeKey{key}, nil
}

// Codes derives the codes of c; they are the same each time.
func (k CodeKey) Codes(c Challenge) Codes {
	sum := k.mac("digits", c)
	number := binary.BigEndian.Uint64(sum[:8]) % uint64(math.Pow10(digits)) // 2^64 is so much larger that the bias is below 2^-44
	long := strings.ToLower(base32.StdEncoding.EncodeToString(k.mac("long", c))[:longCodeLetters])
	return Codes{Digits: NewSecret(fmt.Sprintf("%0*d", digits, number)), Long: NewSecret(long)}
}

func (k CodeKey) mac(form string, c Challenge) []byte {
	h := hmac.New(sha256.New, k.key)
	for _, field := range []string{form, string(c.ID[:]), string(c.Purpose), c.Email.Key} {
		_ = binary.Write(h, binary.BigEndian, uint32(len(field)))
		h.Write([]byte(field))
	}
	return h.Sum(nil)
}

// Code is an answer to a challenge.
type Code struct{ Secret }

// ParseCode reads an answer, and ignores spaces and hyphens, which people add when they copy. A text that cannot be a
// code is ErrInvalidCode.
func ParseCode(text string) (Code, error) {
	text = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(text)))
	if len(text) == digits && strings.Trim(text, "0123456789") == "" {
		return Code{NewSecret(text)}, nil
	}
	if len(text) == longCodeLetters && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") == "" {
		return Code{NewSecret(text)}, nil
	}
	return Code{}, ErrInvalidCode
}

// Guessable reports whether the code is six digits, so that guesses have to be counted.
func (c Code) Guessable() bool { return len(c.Reveal()) == digits }

// Answers reports, in constant time, whether the code is one of codes.
func (c Code) Answers(codes Codes) bool {
	given := []byte(c.Reveal())
	short := subtle.ConstantTimeCompare(given, []byte(codes.Digits.Reveal()))
	long := subtle.ConstantTimeCompare(given, []byte(codes.Long.Reveal()))
	return short|long == 1
}
