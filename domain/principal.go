package domain

import (
	"net/netip"

	"github.com/google/uuid"
)

// Client is where a call comes from, as far as the edge can tell.
type Client struct {
	IP        string
	UserAgent string // at most 255 bytes
	RequestID string
}

// Network is what throttles count as one place: an IPv4 address, or the /64 that a household has of IPv6. Empty: the
// caller is in no network, as at the terminal.
func (c Client) Network() string { return c.network(32, 64) }

// Neighbourhood is the larger network around Network that one party commonly holds: an IPv4 /24 or an IPv6 /48.
func (c Client) Neighbourhood() string { return c.network(24, 48) }

func (c Client) network(bits4, bits6 int) string {
	addr, err := netip.ParseAddr(c.IP)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	switch {
	case addr.Is6():
		return netip.PrefixFrom(addr, bits6).Masked().String()
	case bits4 == addr.BitLen():
		return addr.String()
	default:
		return netip.PrefixFrom(addr, bits4).Masked().String()
	}
}

// Actor is on whose behalf something is written: a Principal, Anonymous or the Operator.
type Actor interface{ actor() }

// Anonymous is a caller without a token. What it may do follows from what it proves: a code, a password.
type Anonymous struct{}

// Operator is who runs the service, at its terminal and by its settings. It is no user, so that there is no session
// and no role to look at.
type Operator struct{}

func (Principal) actor() {}
func (Anonymous) actor() {}
func (Operator) actor()  {}

// Principal is an authenticated caller: the user and session as they are now, not as the token says.
type Principal struct {
	User      User
	SessionID uuid.UUID
}

// IsAdmin reports whether the caller may administer users.
func (p Principal) IsAdmin() bool { return p.User.Role == RoleAdmin }

// RequireAdmin returns ErrAdminOnly for anybody else.
func (p Principal) RequireAdmin() error {
	if !p.IsAdmin() {
		return ErrAdminOnly
	}
	return nil
}
