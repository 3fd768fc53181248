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
)

const (
	codeDigits      = 6
	longCodeLetters = 26 // 130 bits in base 32
)

// Codes are the two answers to a challenge, either of which is right.
type Codes struct {
	Digits Secret // six digits, for reading off; at most MaxGuesses tries; none for an invitation
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
	long := NewSecret(strings.ToLower(base32.StdEncoding.EncodeToString(k.mac("long", c))[:longCodeLetters]))
	if c.Purpose == PurposeInvitation {
		return Codes{Long: long}
	}
	sum := k.mac("digits", c)
	number := binary.BigEndian.Uint64(sum[:8]) % uint64(math.Pow10(codeDigits)) // 2^64 is so much larger that the bias is below 2^-44
	return Codes{Digits: NewSecret(fmt.Sprintf("%0*d", codeDigits, number)), Long: long}
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
	if len(text) == codeDigits && strings.Trim(text, "0123456789") == "" {
		return Code{NewSecret(text)}, nil
	}
	if len(text) == longCodeLetters && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") == "" {
		return Code{NewSecret(text)}, nil
	}
	return Code{}, ErrInvalidCode
}

// Guessable reports whether the code is six digits, so that guesses have to be counted.
func (c Code) Guessable() bool { return len(c.Reveal()) == codeDigits }

// Answers reports, in constant time, whether the code is one of codes.
func (c Code) Answers(codes Codes) bool {
	given := []byte(c.Reveal())
	short := subtle.ConstantTimeCompare(given, []byte(codes.Digits.Reveal()))
	long := subtle.ConstantTimeCompare(given, []byte(codes.Long.Reveal()))
	return short|long == 1
}
