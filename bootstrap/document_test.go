package bootstrap

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"coffeeshop/bootstrap/config"
)

func TestSessionsDocument_NamesTheDefaultLifetimes(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/sessions.md")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Settings()
	for _, row := range []string{
		fmt.Sprintf("| access token, `ACCESS_TOKEN_EXPIRE_MINUTES` | %.0f minutes |", s.Sessions.Access.Minutes()),
		fmt.Sprintf("| refresh token, `REFRESH_TOKEN_EXPIRE_MINUTES` | %.0f hours |", s.Sessions.Refresh.Hours()),
		fmt.Sprintf("| session, `SESSION_MAX_DAYS` | %.0f days |", s.Sessions.Session.Hours()/24),
		fmt.Sprintf("| grace, `REFRESH_GRACE_SECONDS` | %.0f seconds |", s.Sessions.Grace.Seconds()),
		fmt.Sprintf("| sessions of one user, `SESSION_MAX_PER_USER` | %d |", s.Sessions.PerUser),
	} {
		if !strings.Contains(string(document), row) {
			t.Errorf("docs/sessions.md does not say %q", row)
		}
	}
}
