package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

func TestJudge_EveryCaseOfATokenThatIsNotTheCurrentOne(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const grace = 10 * time.Second
	session := domain.Session{Generation: 5, RotatedGeneration: 4, DeliveredGeneration: 4}
	repeated, delivered := session, session
	repeated.LastUsedAt = now.Add(1 - grace)
	used := repeated
	used.DeliveredGeneration = 5
	delivered.DeliveredGeneration = 5
	for name, c := range map[string]struct {
		session    domain.Session
		reason     domain.RevocationReason
		generation int64
		ago        time.Duration
		want       domain.Verdict
	}{
		"rotated just now":                                     {session, domain.ReasonRotated, 4, grace - 1, domain.VerdictRepeat},
		"rotated just now, successor in use":                   {delivered, domain.ReasonRotated, 4, grace - 1, domain.VerdictRepeat},
		"superseded just now":                                  {session, domain.ReasonSuperseded, 4, grace - 1, domain.VerdictRepeat},
		"rotated last, successor never seen":                   {session, domain.ReasonRotated, 4, grace, domain.VerdictSupersede},
		"rotated last, successor repeated just now":            {repeated, domain.ReasonRotated, 4, grace, domain.VerdictRepeat},
		"rotated last, successor repeated just now and in use": {used, domain.ReasonRotated, 4, grace, domain.VerdictRepeat},
		"superseded, successor repeated just now":              {repeated, domain.ReasonSuperseded, 4, grace, domain.VerdictTheft},
		"rotated last, successor in use":                       {delivered, domain.ReasonRotated, 4, grace, domain.VerdictTheft},
		"rotated before the last":                              {session, domain.ReasonRotated, 3, grace, domain.VerdictTheft},
		"superseded":                                           {session, domain.ReasonSuperseded, 4, grace, domain.VerdictTheft},
		"logged out":                                           {session, domain.ReasonLoggedOut, 4, 0, domain.VerdictRefuse},
		"revoked":                                              {session, domain.ReasonRevoked, 4, time.Hour, domain.VerdictRefuse},
		"ended for theft":                                      {session, domain.ReasonReused, 4, time.Hour, domain.VerdictRefuse},
		"rotated by a replica whose clock leads":               {session, domain.ReasonRotated, 4, -time.Second, domain.VerdictRepeat},
	} {
		token := domain.RevokedToken{RefreshToken: domain.RefreshToken{Generation: c.generation}, Reason: c.reason, RevokedAt: now.Add(-c.ago)}
		if got := c.session.Judge(token, now, grace); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
	}
}

func TestNewRefreshToken_LivesForItsLifeInWholeSeconds(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got := domain.NewRefreshToken(uuid.New(), uuid.New(), second.Add(time.Second-time.Microsecond), 90*time.Second)
	if !got.IssuedAt.Equal(second) || !got.ExpiresAt.Equal(second.Add(90*time.Second)) {
		t.Errorf("%+v", got)
	}
}
