// Package commonpasswords knows the passwords that everybody tries first.
package commonpasswords

import (
	_ "embed"
	"slices"
	"strings"

	"coffeeshop/ports"
)

// list holds zxcvbn's passwords and first names, those that are long enough to be set, each between two line ends.
// It comes from a library that the service does not link (docs/adr/0003): go test . -update writes it again.
//
//go:embed list.txt
var list string

// Passwords implements ports.CommonPasswords.
type Passwords struct{}

var _ ports.CommonPasswords = Passwords{}

// Common implements ports.CommonPasswords. Reading through the text takes a tenth of a millisecond, which is
// nothing beside the hash that follows, and keeps nothing in memory.
func (Passwords) Common(password string) bool {
	listed := !strings.Contains(password, "\n") && strings.Contains(list, "\n"+password+"\n")
	return listed || even(password) || repeated(password)
}

// The list leaves out what zxcvbn finds by its pattern. Such passwords are as well known (NIST SP 800-63B).

// even reports whether each character is as far from the one before as all the others: 00000000, abcdefgh,
// 87654321, 2468….
func even(password string) bool {
	runes := []rune(password)
	for i := 2; i < len(runes); i++ {
		if runes[i]-runes[i-1] != runes[1]-runes[0] {
			return false
		}
	}
	return true
}

// maxUnit is the longest unit that repeated looks for.
const maxUnit = 4

// repeated reports whether a password is a few characters over and over, the last time perhaps not whole:
// 12121212, abcabcabc, testtest.
func repeated(password string) bool {
	runes := []rune(password)
	for unit := 1; unit <= maxUnit && unit < len(runes); unit++ {
		if slices.Equal(runes[unit:], runes[:len(runes)-unit]) {
			return true
		}
	}
	return false
}
