package domain

import "net/netip"

// Source is where a call comes from, as far as the edge can tell.
type Source struct {
	IP        string
	UserAgent string // at most 255 bytes
	RequestID string
}

// Network is one place to the throttles: an IPv4 address, or an IPv6 /64, which a household has. It is empty when the
// call came over no network, as at the terminal.
func (s Source) Network() string { return s.network(32, 64) }

// Neighbourhood is the network around Network that one party commonly holds: an IPv4 /24 or an IPv6 /48.
func (s Source) Neighbourhood() string { return s.network(24, 48) }

func (s Source) network(bits4, bits6 int) string {
	addr, err := netip.ParseAddr(s.IP)
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
