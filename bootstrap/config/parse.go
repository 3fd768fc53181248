package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"coffeeshop/domain"
)

// The limits of a budget. Its least interval is a microsecond.
const (
	budgetMost    = 1_000_000
	budgetTime    = time.Second
	budgetMaxTime = 8760 * time.Hour
	budgetAllowed = "N/DURATION with N from 1 to 1000000 and DURATION from 1s to 8760h, such as 10/15m"
)

// parseBudget reads N/DURATION: N at once, and as many more, evenly, within each DURATION.
func parseBudget(text string) (any, error) {
	count, every, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	d, errEvery := time.ParseDuration(every)
	switch {
	case err != nil || errEvery != nil:
		return nil, fmt.Errorf("%q is not a limit", text)
	case n < 1 || n > budgetMost || d < budgetTime || d > budgetMaxTime:
		return nil, fmt.Errorf("%q is out of range", text)
	}
	return domain.Budget{Burst: n, Interval: d / time.Duration(n)}, nil
}

// Proxies are the networks of trusted proxies.
func (c Config) Proxies() []netip.Prefix {
	networks, _ := parseNetworks(c.TrustedProxies) // Load has reported errors
	return networks
}

func parseNetworks(list string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range listOf(list) {
		network, err := parseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("%q %w", text, err)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// parseNetwork reads an address or a network. IPv4 that is written as IPv6 becomes IPv4, as addresses of callers do.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		addr, errAddr := netip.ParseAddr(text)
		if errAddr != nil || addr.Zone() != "" {
			return netip.Prefix{}, errors.New("is neither an address nor a network")
		}
		network = netip.PrefixFrom(addr, addr.BitLen())
	}
	if addr := network.Addr(); addr.Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(addr.Unmap(), network.Bits()-96)
	}
	if network.Bits() == 0 { // a believed caller could choose an address for each call
		return netip.Prefix{}, errors.New("would have everybody believed")
	}
	return network.Masked(), nil
}
