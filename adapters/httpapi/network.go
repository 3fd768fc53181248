package httpapi

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// clientIP is the address that a request comes from. X-Forwarded-For is believed as far as trusted proxies wrote
// it: from the right, up to and including the first address that is not one of theirs. What a client put there
// itself is to the left of that.
func (a *API) clientIP(c *fiber.Ctx) string {
	remote, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	addr := remote.Unmap()
	if !a.trusted(addr) {
		return addr.String()
	}
	var hops []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(string(line), ",")...)
	}
	for _, hop := range slices.Backward(hops) {
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		if addr = next.Unmap().WithZone(""); !a.trusted(addr) {
			break
		}
	}
	return addr.String()
}

// parseHop reads an address as proxies write it: alone or with a port, and IPv6 in brackets or not.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, true
	}
	if strings.HasSuffix(text, "]") {
		text += ":0"
	}
	addr, err := netip.ParseAddrPort(text)
	return addr.Addr(), err == nil
}

func (a *API) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(a.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
