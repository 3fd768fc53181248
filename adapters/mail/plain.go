package mail

import (
	"net/netip"
	"strings"
)

// plainIP returns only addresses.
func plainIP(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.WithZone("").String()
}

const agentMaxBytes = 120

// plainAgent makes a user agent harmless, which a thief may choose: mail programs turn texts that look like addresses into
// links. Letters, digits and a few signs stay, and dots between digits.
func plainAgent(text string) string {
	var out strings.Builder
	for i := 0; i < len(text) && out.Len() < agentMaxBytes; i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c), strings.IndexByte("()/;,_-+", c) >= 0,
			c == '.' && i > 0 && isDigit(text[i-1]) && i+1 < len(text) && isDigit(text[i+1]):
			out.WriteByte(c)
		default:
			out.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
