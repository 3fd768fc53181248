package httpapi_test

import (
	"net/netip"
	"testing"
)

func TestNetwork_TheClientIsWhatTrustedProxiesSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *options) {
		o.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	for _, c := range []struct {
		want      string
		forwarded []string
	}{
		{"127.0.0.1", nil},
		{"127.0.0.1", []string{""}},
		{"192.0.2.7", []string{"192.0.2.7"}},
		{"192.0.2.7", []string{"192.0.2.7:4711"}},
		{"192.0.2.7", []string{"[::ffff:192.0.2.7]:4711"}},
		{"2001:db8::7", []string{"2001:db8::7"}},
		{"2001:db8::7", []string{"[2001:db8::7]"}},
		{"2001:db8::7", []string{"[2001:db8::7]:4711"}},
		{"2001:db8::7", []string{"[2001:db8::7%eth0]:4711"}},
		{"2001:db8::7", []string{"[2001:db8::7%eth0]"}},
		{"192.0.2.7", []string{"198.51.100.1", "198.51.100.2:1, 192.0.2.7:80 , 127.0.0.2:99,[fd00::1]:443,[fd00::2]"}},
		{"127.0.0.3", []string{"192.0.2.7", "rubbish, 127.0.0.3:1"}},
		{"127.0.0.1", []string{"192.0.2.7, unknown"}},
		{"127.0.0.1", []string{"192.0.2.7, _hidden:80"}},
		{"127.0.0.1", []string{"192.0.2.7:"}},
		{"127.0.0.1", []string{"192.0.2.7:http"}},
		{"127.0.0.1", []string{"192.0.2.7:65536"}},
		{"127.0.0.1", []string{"192.0.2.7:80:80"}},
		{"127.0.0.1", []string{"192.0.2.07:80"}},
		{"127.0.0.1", []string{"[192.0.2.7]"}},
		{"127.0.0.1", []string{"[192.0.2.7]:80"}},
		{"127.0.0.1", []string{"[2001:db8::7"}},
		{"127.0.0.1", []string{"2001:db8::7]"}},
		{"127.0.0.1", []string{"[[2001:db8::7]]"}},
		{"127.0.0.1", []string{"[2001:db8::7]:"}},
		{"127.0.0.1", []string{"[]"}},
	} {
		header := []string{"X-Request-Id", "x"}
		for _, line := range c.forwarded {
			header = append(header, "X-Forwarded-For", line)
		}
		w.send("GET", "/nothing", "", header...).want(t, 404, "not_found")
		lines := w.log.lines(t, "x")
		if got := lines[len(lines)-1]["ip"]; got != c.want {
			t.Errorf("%q: the client is %s, want %s", c.forwarded, got, c.want)
		}
	}
}
