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

// Network is what throttles count as one place: an IPv4 address, or the /64 that a household has of IPv6.
func (c Client) Network() string {
	addr, err := netip.ParseAddr(c.IP)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

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
