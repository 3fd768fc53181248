package bootstrap_test

import (
	"strings"
	"syscall"
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
)

func TestServe_BehindAPoolerInTransactionModeNeedsTheSetting(t *testing.T) {
	s := newSite(t, "DATABASE_URL="+pgtest.Pooled(t, "transaction"))
	p := s.run("")
	if p.exit() != 1 || strings.Count(p.err.String(), "\n") != 1 || !strings.Contains(p.err.String(), "DB_POOLER=transaction") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
	a, b := s.spawn("", []string{"DB_POOLER=transaction"}), s.spawn("", []string{"DB_POOLER=transaction"})
	one, other := a.client(), b.client()
	one.signUp(email, password)
	other.verify(email, other.code(email))
	tokens := other.login(email, password)
	for range 20 { // on all of the few connections
		one.want(200, "GET", "/users/me", tokens.text("access_token"), nil)
		tokens = other.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": tokens.text("refresh_token")})
	}
	one.stop(syscall.SIGTERM)
	other.stop(syscall.SIGTERM)
	for _, c := range []*client{one, other} {
		if strings.Contains(c.err.String(), "ERROR") {
			t.Errorf("told %s", c.err.String())
		}
	}
}
