package domain

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The limits of an address, from RFC 5321 §4.5.3.1 with erratum 1690.
const (
	emailMaxBytes = 254
	localMaxBytes = 64
)

var hostProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// Email is a mail address. Address is what the user wrote, trimmed: mails go there. Key decides whether two
// addresses are the same: lower case, the domain in its ASCII form (IDNA). The zero Email is no address.
type Email struct{ Address, Key string }

// ParseEmail checks the form of an address. The part before the @ is ASCII, so that no address looks like another; the
// domain may be international.
func ParseEmail(text string) (Email, error) {
	text = strings.TrimSpace(text)
	invalid := Invalid("email", "must be an e-mail address")
	at := strings.LastIndexByte(text, '@')
	if at < 1 || len(text) > emailMaxBytes || !utf8.ValidString(text) {
		return Email{}, invalid
	}
	local, host := text[:at], text[at+1:]
	if len(local) > localMaxBytes || !isDotAtom(local) {
		return Email{}, invalid
	}
	ascii, err := hostProfile.ToASCII(host)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") || len(local)+1+len(ascii) > emailMaxBytes {
		return Email{}, invalid
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return Email{}, invalid // an IP address
	}
	return Email{Address: text, Key: strings.ToLower(local) + "@" + ascii}, nil
}

// ASCII is the address in the form that every mail server accepts: the local part as given, the domain encoded.
func (e Email) ASCII() string {
	local, _, _ := strings.Cut(e.Address, "@")
	_, host, _ := strings.Cut(e.Key, "@")
	return local + "@" + host
}

// IsZero reports whether there is no address.
func (e Email) IsZero() bool { return e.Key == "" }

// isDotAtom reports whether s is a dot-atom of RFC 5322 §3.2.3.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
			if !letter && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) {
				return false
			}
		}
	}
	return true
}
