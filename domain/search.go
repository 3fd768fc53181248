package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// SearchKey is a text as it is compared in a search: without case and in one form (NFKC), whatever the script. The
// databases compare keys byte by byte, since each folds other letters by itself.
func SearchKey(text string) string {
	if isASCII(text) {
		return strings.ToLower(text) // which is the same, and cheaper
	}
	// Folding makes small letters, but for Cherokee, where it makes small ones large and large ones small.
	return norm.NFKC.String(strings.ToLower(cases.Fold().String(norm.NFKC.String(text))))
}

// SearchKeys are those of a user's address and names.
func (u *User) SearchKeys() (email, firstName, lastName string) {
	return SearchKey(u.Email.Address), SearchKey(u.FirstName), SearchKey(u.LastName)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

const (
	prefixMinCharacters = 2
	searchMaxBytes      = 254
)

// Prefix is the key that the keys of a search begin with. The zero Prefix is none.
type Prefix struct{ key string }

// ParsePrefix reads a prefix of at least two characters.
func ParsePrefix(text string) (Prefix, error) {
	if err := checkSearched("q", text); err != nil {
		return Prefix{}, err
	}
	key := SearchKey(strings.TrimLeftFunc(text, unicode.IsSpace))
	if utf8.RuneCountInString(key) < prefixMinCharacters {
		return Prefix{}, Invalid("q", "must have at least two characters")
	}
	return Prefix{key}, nil
}

// IsZero reports whether there is no prefix.
func (p Prefix) IsZero() bool { return p.key == "" }

// Key is the prefix.
func (p Prefix) Key() string { return p.key }

// Of reports whether a key begins with the prefix.
func (p Prefix) Of(key string) bool { return strings.HasPrefix(key, p.key) }

// End is a text, in byte order, behind all keys that begin with the prefix: they are at least Key, and less than End. It
// is valid UTF-8.
func (p Prefix) End() string {
	runes := []rune(p.key)
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xD800 { // the surrogates are no characters
			next = 0xE000
		}
		if next <= unicode.MaxRune {
			return string(append(runes[:i], next))
		}
	}
	return p.key + strings.Repeat(string(unicode.MaxRune), searchMaxBytes)
}

// checkSearched refuses what no stored text holds, and no database takes.
func checkSearched(name, text string) error {
	switch {
	case len(text) > searchMaxBytes:
		return Invalid(name, "must have at most 254 bytes")
	case !utf8.ValidString(text):
		return Invalid(name, "must be valid UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return Invalid(name, "must not contain control characters")
	}
	return nil
}
