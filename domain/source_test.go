package domain_test

import (
	"testing"

	"coffeeshop/domain"
)

func TestSource_NetworkAndNeighbourhood(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string][2]string{
		"192.0.2.77":           {"192.0.2.77", "192.0.2.0/24"},
		"::ffff:192.0.2.77":    {"192.0.2.77", "192.0.2.0/24"},
		"2001:db8:1:2:3:4:5:6": {"2001:db8:1:2::/64", "2001:db8:1::/48"},
		"fe80::1%eth0":         {"fe80::/64", "fe80::/48"},
		"":                     {"", ""},
		"not an address":       {"", ""},
	} {
		c := domain.Source{IP: ip}
		if got := [2]string{c.Network(), c.Neighbourhood()}; got != want {
			t.Errorf("%q: %q, want %q", ip, got, want)
		}
	}
}
