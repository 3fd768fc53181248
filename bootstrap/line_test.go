package bootstrap_test

import (
	"net/url"
	"regexp"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// line is the way to a database, for one test alone.
type line struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	url   string
}

func newLine(t *testing.T, database string) *line {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{t: t, proxy: toxiproxy.NewProxy(server, "database", "127.0.0.1:0", u.Host)}
	l.mend()
	t.Cleanup(l.proxy.Stop)
	u.Host = l.proxy.Listen
	l.url = u.String()
	return l
}

// cut ends the connections and takes no new one.
func (l *line) cut() { l.proxy.Stop() }

func (l *line) mend() {
	l.t.Helper()
	if err := l.proxy.Start(); err != nil {
		l.t.Fatal(err)
	}
}

var servingAt = regexp.MustCompile(`"api":"([^"]+)"`)

// serveInProduction starts a server that tells its address in the log.
func (s *site) serveInProduction() *client {
	s.t.Helper()
	p := s.spawn("", nil)
	var found []string
	p.until("its address", func() bool {
		found = servingAt.FindStringSubmatch(p.err.String())
		return found != nil
	})
	return &client{p, found[1]}
}
