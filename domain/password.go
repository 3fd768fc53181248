package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a password. Eight characters is the least that NIST SP 800-63B-4 and ASVS 6.2.1 allow.
const (
	PasswordMinCharacters = 8
	PasswordMaxBytes      = 1024
)

// Password is a password in clear, exactly as the user gave it (ASVS 6.2.8).
type Password struct{ Secret }

// NewPassword returns a password that may be set. There are no composition rules (ASVS 6.2.5).
func NewPassword(text string) (Password, error) {
	switch {
	case !utf8.ValidString(text):
		return Password{}, Invalid("password", "must be valid UTF-8")
	case utf8.RuneCountInString(text) < PasswordMinCharacters:
		return Password{}, Invalid("password", "must have at least 8 characters")
	case len(text) > PasswordMaxBytes:
		return Password{}, Invalid("password", "must have at most 1024 bytes")
	}
	for _, r := range text {
		if unicode.IsControl(r) {
			return Password{}, Invalid("password", "must not contain control characters")
		}
	}
	return Password{NewSecret(text)}, nil
}

// PasswordToTry wraps a password that is only going to be compared, whatever it looks like.
func PasswordToTry(text string) Password { return Password{NewSecret(text)} }

// PasswordHash is a stored password hash, as the hasher encodes it. The zero hash belongs to nobody.
type PasswordHash struct{ Secret }

// NewPasswordHash wraps an encoded hash.
func NewPasswordHash(encoded string) PasswordHash { return PasswordHash{NewSecret(encoded)} }

// productWords are the context-specific words of ASVS 6.1.2.
var productWords = []string{"coffeeshop", "coffeeshopapi", "coffee", "coffeeshopuser", "coffeeshopusers", "coffeeshopadmin"}

// The rules beyond a password's length. There are none about its composition (ASVS 6.2.5).
var (
	ErrPasswordCommon   = weak("password_too_common", "This is one of the most used passwords.")
	ErrPasswordPersonal = weak("password_is_personal", "The password must not be the e-mail address or the name.")
	ErrPasswordProduct  = weak("password_is_product_name", "The password must not be the name of this service.")
)

func weak(code, message string) *Error {
	return &Error{Kind: KindInvalid, Code: code, Message: message, Fields: []Field{{Name: "password", Message: message}}}
}

// Allowed refuses a password that is easily guessed: a common one, its owner's address or name, or a word of the
// service. The case of letters, and digits and punctuation around the word, make no difference (NIST SP 800-63B-4
// §3.1.1.2, ASVS 6.2.4 and 6.2.11).
func (p Password) Allowed(common func(string) bool, email Email, firstName, lastName string) error {
	lower := strings.ToLower(p.Reveal())
	bare := trimmings(lower)
	if common(lower) || bare != "" && len(bare) >= PasswordMinCharacters && common(bare) {
		return ErrPasswordCommon
	}
	joined := letters(bare)
	for _, word := range productWords {
		if joined == word {
			return ErrPasswordProduct
		}
	}
	local, _, _ := strings.Cut(email.Key, "@")
	for _, own := range []string{email.Key, strings.ToLower(email.Address), local, firstName, lastName, firstName + lastName, lastName + firstName} {
		if own = letters(trimmings(strings.ToLower(own))); own != "" && joined == own {
			return ErrPasswordPersonal
		}
	}
	return nil
}

// trimmings removes digits, punctuation and spaces from both ends.
func trimmings(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
}

// letters removes everything but letters and digits.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
