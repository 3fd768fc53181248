package domain

import (
	"encoding/json"
	"log/slog"
	"unicode"
	"unicode/utf8"
)

const redacted = "[redacted]"

// Secret is text that must not reach an answer, a log, a job or a metric: every way to print or marshal it gives
// "[redacted]". Only Reveal gives the text.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == "" }

func (Secret) String() string               { return redacted }
func (Secret) GoString() string             { return redacted }
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
func (Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }

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
