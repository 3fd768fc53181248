package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
)

const (
	ada       = "ada@example.com"
	wrong     = "wrong password"
	home      = "192.0.2.10" // where Ada lives
	elsewhere = "192.0.2.99"
)

// onEachEngine is onBothEngines for a service that is besieged.
func onEachEngine(t *testing.T, env map[string]string, test func(t *testing.T, s *service, c *clock)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		s, c := besieged(t, env)
		test(t, s, c)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		all := map[string]string{"DATABASE_URL": pgtest.New(t)}
		for name, value := range env {
			all[name] = value
		}
		s, c := besieged(t, all)
		test(t, s, c)
	})
}

// For a day, hundreds of networks have codes mailed to Ada's address in every way there is, and guess the digits.
func TestAttack_GuessingCodesFromManyNetworksTriesAtMostFiftyADay(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, c *clock) {
		s.verified(t, ada)
		session := s.login(t, ada, password)
		const rounds, guesses = 48, 8
		compared, next := 0, 0
		for round := range rounds {
			attacker := network(1000 + round)
			switch round % 3 {
			case 0:
				s.post(t, attacker, "/auth/forgot-password", map[string]any{"email": ada}).want(t, 202, "")
			case 1:
				s.post(t, attacker, "/auth/resend", map[string]any{"email": ada}).want(t, 202, "")
			default:
				s.post(t, attacker, "/auth/signup", map[string]any{"email": ada, "password": password}).want(t, 201, "")
			}
			first := next
			next += guesses
			got := rush(guesses, func(i int) answer {
				code := fmt.Sprintf("%06d", (first+i)*977%1_000_000)
				if i%2 == 0 {
					return s.post(t, network(first+i), "/auth/verify", map[string]any{"email": ada, "code": code})
				}
				return s.post(t, network(first+i), "/auth/reset-password", map[string]any{"email": ada, "code": code, "new_password": "the attacker's own"})
			})
			compared += got["invalid_code"]
			if got["invalid_code"]+got["too_many_requests"] != guesses {
				t.Fatalf("round %d answered %v", round, got)
			}
			c.advance(24 * time.Hour / rounds)
		}
		if compared < 25 || compared > 50 {
			t.Errorf("%d of %d guesses were admitted, the limit is 50", compared, next)
		}
		// The digits are used up; the long code of the owner's own mail is not.
		s.post(t, home, "/auth/forgot-password", map[string]any{"email": ada}).want(t, 202, "")
		s.settle(t)
		if n := s.sessionsOf(t, s.login(t, ada, password).Access); n != 1 { // the first one has expired
			t.Errorf("%d sessions", n)
		}
		s.call(t, "GET", "/users/me", session.Access, nil).want(t, 401, "token_expired")
		for _, text := range s.texts(t, ada) {
			if long := longPattern.FindStringSubmatch(text); long != nil {
				s.post(t, home, "/auth/reset-password", map[string]any{"email": ada, "code": long[1], "new_password": "the owner's new one"}).want(t, 200, "")
				break
			}
		}
		s.login(t, ada, "the owner's new one")
	})
}

func TestAttack_GuessesOfOneNetworkAreBoundedWhateverTheAddresses(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, map[string]string{"RATE_LIMITS": "off"}) // this limit is never off
	guess := func(n int) map[string]int {
		return rush(n, func(i int) answer {
			return s.post(t, elsewhere, "/auth/verify", map[string]any{"email": fmt.Sprintf("u%d@example.com", i), "code": "000000"})
		})
	}
	wantCounts(t, guess(100), map[string]int{"invalid_code": 60, "too_many_requests": 40})
	c.advance(20 * time.Minute)
	wantCounts(t, guess(40), map[string]int{"invalid_code": 20, "too_many_requests": 20})
}

func TestAttack_SprayingOnePasswordOverManyAccountsIsBoundedByTheNetwork(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, map[string]string{"LIMIT_LOGIN_NETWORK": "20/1h"})
	s.verified(t, "u7@example.com")
	spray := func(host func(i int) string) map[string]int {
		return rush(60, func(i int) answer {
			return s.post(t, host(i), "/auth/login", map[string]any{"email": fmt.Sprintf("u%d@example.com", i), "password": "Summer2026!"})
		})
	}
	bounded := map[string]int{"invalid_credentials": 20, "too_many_requests": 40}
	wantCounts(t, spray(func(int) string { return elsewhere }), bounded)
	wantCounts(t, spray(func(i int) string { return fmt.Sprintf("2001:db8:0:1::%x", i) }), bounded) // a /64 is one network
	c.advance(15 * time.Minute)
	wantCounts(t, spray(func(int) string { return elsewhere }), map[string]int{"invalid_credentials": 5, "too_many_requests": 55})
}

func TestAttack_StuffingOneAccountFromManyNetworksIsBoundedAndTheOwnerStillGetsIn(t *testing.T) {
	onEachEngine(t, map[string]string{"LIMIT_LOGIN_ACCOUNT": "20/24h"}, func(t *testing.T, s *service, _ *clock) {
		s.verified(t, ada)
		owner := map[string]any{"email": ada, "password": password}
		s.post(t, home, "/auth/login", owner).want(t, 200, "")
		got := rush(60, func(i int) answer {
			return s.post(t, network(i), "/auth/login", map[string]any{"email": ada, "password": fmt.Sprintf("leaked password %d", i)})
		})
		wantCounts(t, got, map[string]int{"invalid_credentials": 20, "too_many_requests": 40})
		if a := s.post(t, elsewhere, "/auth/login", owner).want(t, 429, "too_many_requests"); a.header.Get("Retry-After") == "" {
			t.Error("a refusal does not say when to come back")
		}
		s.post(t, home, "/auth/login", owner).want(t, 200, "")
		s.mail(t, ada, 2) // of the sign-up, and of the suspicious sign-in
		// And from anywhere by way of a reset.
		s.post(t, elsewhere, "/auth/forgot-password", map[string]any{"email": ada}).want(t, 202, "")
		digits, _ := s.codes(t, ada, 3)
		s.post(t, elsewhere, "/auth/reset-password", map[string]any{"email": ada, "code": digits, "new_password": newPassword}).want(t, 200, "")
		s.post(t, elsewhere, "/auth/login", map[string]any{"email": ada, "password": newPassword}).want(t, 200, "")
	})
}

func TestAttack_TheRightPasswordIsRefusedWhenTheBudgetIsUsedUp(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, nil)
	s.verified(t, ada)
	got := rush(15, func(int) answer {
		return s.post(t, elsewhere, "/auth/login", map[string]any{"email": ada, "password": wrong})
	})
	wantCounts(t, got, map[string]int{"invalid_credentials": 10, "too_many_requests": 5})
	right := map[string]any{"email": ada, "password": password}
	s.post(t, elsewhere, "/auth/login", right).want(t, 429, "too_many_requests")
	s.post(t, "192.0.2.100", "/auth/login", right).want(t, 200, "")
	c.advance(90 * time.Second) // one of ten comes back
	s.post(t, elsewhere, "/auth/login", right).want(t, 200, "")
}

// The password of a logged-in user is guarded like that of a login: who has stolen an access token cannot guess it.
func TestAttack_AStolenAccessTokenDoesNotBuyGuessesOfThePassword(t *testing.T) {
	t.Parallel()
	s, _ := besieged(t, nil)
	u := s.verified(t, ada)
	token := s.login(t, ada, password).Access
	got := rush(30, func(i int) answer {
		header := http.Header{"Authorization": {"Bearer " + token}, "X-Forwarded-For": {elsewhere}}
		switch i % 3 {
		case 0:
			return s.callWith(t, header, "PUT", "/users/me/password", map[string]any{"current_password": wrong, "new_password": "the thief's own one"})
		case 1:
			return s.callWith(t, header, "POST", "/users/me/delete", map[string]any{"current_password": wrong})
		default:
			return s.callWith(t, header, "PATCH", "/users/"+u.ID, map[string]any{"email": "eve@example.com", "current_password": wrong})
		}
	})
	wantCounts(t, got, map[string]int{"wrong_password": 10, "too_many_requests": 20})
}

func TestAttack_ForgedProxyHeadersBuyNoGuesses(t *testing.T) {
	t.Parallel()
	bounded := map[string]int{"invalid_credentials": 10, "too_many_requests": 20}
	for name, c := range map[string]struct {
		proxies string
		header  func(i int) http.Header
	}{
		"no proxy is trusted": {"", func(i int) http.Header {
			return http.Header{"X-Forwarded-For": {network(i)}, "X-Real-Ip": {network(i)}, "Forwarded": {"for=" + network(i)}, "Cf-Connecting-Ip": {network(i)}}
		}},
		"another proxy is trusted": {"10.0.0.0/8", func(i int) http.Header { return http.Header{"X-Forwarded-For": {network(i) + ", 10.0.0.1"}} }},
		"left of what the proxy wrote": {behindProxy, func(i int) http.Header {
			return http.Header{"X-Forwarded-For": {network(i) + ", " + elsewhere}, "X-Real-Ip": {network(i)}}
		}},
		"in a line of its own": {behindProxy, func(i int) http.Header {
			return http.Header{"X-Forwarded-For": {network(i), elsewhere + ", 127.0.0.2"}}
		}},
		"rubbish": {behindProxy, func(i int) http.Header {
			return http.Header{"X-Forwarded-For": {network(i) + fmt.Sprintf(", rubbish%d", i)}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := besieged(t, map[string]string{"TRUSTED_PROXIES": c.proxies})
			got := rush(30, func(i int) answer {
				return s.callWith(t, c.header(i), "POST", "/auth/login", map[string]any{"email": adminEmail, "password": wrong})
			})
			wantCounts(t, got, bounded)
		})
	}
}

func TestAttack_AFloodOfSignUpsIsBoundedByTheNetwork(t *testing.T) {
	t.Parallel()
	s, c := besieged(t, map[string]string{"LIMIT_SIGNUPS_NETWORK": "10/1h"})
	flood := func() map[string]int {
		return rush(30, func(i int) answer {
			return s.post(t, elsewhere, "/auth/signup", map[string]any{"email": fmt.Sprintf("u%d@example.com", i), "password": password})
		})
	}
	wantCounts(t, flood(), map[string]int{"201": 10, "too_many_requests": 20})
	s.post(t, home, "/auth/signup", map[string]any{"email": ada, "password": password}).want(t, 201, "")
	c.advance(time.Hour)
	wantCounts(t, flood(), map[string]int{"201": 10, "too_many_requests": 20})
	s.settle(t)
	if n := len(s.files(t)); n > 21 {
		t.Errorf("%d mails", n)
	}
}
