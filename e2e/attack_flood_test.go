package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	strikes = 2000              // on each operation
	eve     = "eve@example.com" // floods, and has an account
)

// flood is a way to flood an operation from one network, while the clock stands still.
type flood struct {
	name    string
	address string                // empty: another one for each request
	body    func() map[string]any // beside the address
	answer  string                // but for refusals
	times   int                   // how often that is answered at most; 0: always
	leaves  rows                  // at most
}

// floods are those of every operation that writes and asks for no access token. What they may leave behind is what
// the budgets of one network admit.
func floods(t *testing.T, s *service) map[string][]flood {
	t.Helper()
	signUps, guesses, mails := s.Config.LimitSignUpsNetwork.Burst, s.Config.LimitCodesNetwork.Burst, s.Config.LimitMailsNetwork.Burst
	tries, right := s.Config.LimitLoginNetwork.Burst, s.Config.LimitSuccessfulLogins.Burst
	triesOfOne, guessesOfOne := s.Config.LimitLoginAccountNetwork.Burst, s.Config.LimitCodesAddress.Burst
	mailsToOne := s.Config.Settings().Budgets.MailsShare().Burst
	with := func(pairs ...any) func() map[string]any {
		body := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			body[pairs[i].(string)] = pairs[i+1]
		}
		return func() map[string]any { return maps.Clone(body) }
	}
	refreshToken := func(ended bool) func() map[string]any {
		return func() map[string]any {
			body := map[string]any{"refresh_token": s.login(t, eve, password).Refresh}
			if ended {
				s.call(t, "POST", "/auth/logout", "", body).want(t, 200, "")
			}
			return body
		}
	}
	digits, long := "000000", strings.Repeat("a2", 13)
	logins := []flood{
		{"made-up addresses", "", with("password", wrong), "invalid_credentials", tries, rows{"throttles": 1 + 3*tries}},
		// The owner, who logs in twice meanwhile, is told of the failures.
		{"a known address", ada, with("password", wrong), "invalid_credentials", triesOfOne,
			rows{"throttles": 5, "audit_events": 2, "river_job": 1}},
		// Tries at the same time are failures to each other until they turn out to be right: a notice.
		{"the right password", eve, with("password", password), "200", right,
			rows{"throttles": 6, "remembered_keys": 1, "sessions": s.Config.SessionMaxPerUser, "refresh_tokens": s.Config.SessionMaxPerUser,
				"revoked_refresh_tokens": right, "audit_events": 2 * right, "river_job": 1}},
	}
	return map[string][]flood{
		"POST /auth/signup": {
			{"made-up addresses", "", with("password", password), "201", signUps,
				rows{"users": signUps, "challenges": signUps, "throttles": 1 + 3*signUps, "audit_events": 2 * signUps, "river_job": signUps}},
			{"a known address", ada, with("password", password), "201", mailsToOne,
				rows{"challenges": mailsToOne, "throttles": 5, "audit_events": mailsToOne, "river_job": mailsToOne + 1}},
		},
		"POST /auth/verify": {
			{"digits, made-up addresses", "", with("code", digits), "invalid_code", guesses, rows{"throttles": 1 + guesses}},
			{"digits, a known address", ada, with("code", digits), "invalid_code", guessesOfOne, rows{"throttles": 2}},
			{"long codes, made-up addresses", "", with("code", long), "invalid_code", 0, nil},
			{"long codes, a known address", ada, with("code", long), "invalid_code", 0, nil},
		},
		"POST /auth/resend": {
			{"made-up addresses", "", with(), "202", mails, rows{"challenges": mails, "throttles": 1 + 3*mails, "river_job": mails}},
			{"a known address", ada, with(), "202", mails, rows{"challenges": 1, "throttles": 5, "river_job": 2}},
		},
		"POST /auth/login": logins,
		"POST /auth/token": logins,
		"POST /auth/refresh": {
			{"made-up tokens", "", with("refresh_token", "e30.e30.e30"), "token_malformed", 0, nil},
			{"the token of an ended session", "", refreshToken(true), "token_revoked", 0, nil},
			{"the same token", "", refreshToken(false), "200", 0, rows{"revoked_refresh_tokens": 1}},
		},
		"POST /auth/logout": {
			{"made-up tokens", "", with("refresh_token", "e30.e30.e30"), "token_malformed", 0, nil},
			{"the token of an ended session", "", refreshToken(true), "token_revoked", 0, nil},
		},
		"POST /auth/forgot-password": {
			{"made-up addresses", "", with(), "202", mails, rows{"challenges": mails, "throttles": 1 + 2*mails, "river_job": mails}},
			{"a known address", ada, with(), "202", mails, rows{"challenges": 1, "throttles": 3, "audit_events": 1, "river_job": 1}},
		},
		"POST /auth/reset-password": {
			{"digits, made-up addresses", "", with("code", digits, "new_password", "the attacker's own"), "invalid_code", guesses, rows{"throttles": 1 + guesses}},
			{"digits, a known address", ada, with("code", digits, "new_password", "the attacker's own"), "invalid_code", guessesOfOne, rows{"throttles": 2}},
			{"long codes, made-up addresses", "", with("code", long, "new_password", "the attacker's own"), "invalid_code", 0, nil},
			{"long codes, a known address", ada, with("code", long, "new_password", "the attacker's own"), "invalid_code", 0, nil},
		},
	}
}

func TestAttack_AFloodFromOneNetworkIsBoundedAndKeepsNobodyElseOut(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, c *clock) {
		all := floods(t, s)
		if open, have := openForWriting(t), slices.Sorted(maps.Keys(all)); !slices.Equal(open, have) {
			t.Fatalf("open are %q, and there are floods of %q", open, have)
		}
		s.verified(t, ada)
		s.verified(t, eve)
		db := s.database(t)
		round := -1
		begin := func(t *testing.T) {
			round++
			s.tidy(t)
			c.advance(25 * time.Hour) // all budgets are whole
		}
		begin(t)
		s.live(t, round) // from now on the network is known
		begin(t)
		quiet := db.grows(t, func() { s.live(t, round) })
		for _, operation := range slices.Sorted(maps.Keys(all)) {
			for _, f := range all[operation] {
				passed := t.Run(operation+", "+f.name, func(t *testing.T) {
					begin(t)
					body := f.body()
					var got map[string]int
					grown := db.grows(t, func() {
						got = besiege(strikes/len(all[operation]), func(i int) string { return s.strike(t, operation, f.address, body, round, i) },
							func() { s.live(t, round) })
					})
					f.check(t, got)
					for table, n := range grown {
						if n > quiet[table]+f.leaves[table] {
							t.Errorf("%d rows more of %s, the flood may leave %d and the others %d", n, table, f.leaves[table], quiet[table])
						}
					}
				})
				if !passed {
					return // the next round begins where this one should have ended
				}
			}
		}
	})
}

func (f flood) check(t *testing.T, got map[string]int) {
	t.Helper()
	rest := maps.Clone(got)
	for _, answer := range []string{f.answer, "too_many_requests", "overloaded", "unavailable"} {
		delete(rest, answer)
	}
	n := got[f.answer]
	if len(rest) > 0 || n == 0 || f.times > 0 && n > f.times || f.times == 0 && len(got) > 1 {
		t.Errorf("answered %v, want %s at most %d times (0: always)", got, f.answer, f.times)
	}
}

// openForWriting are the operations that write and ask for no access token.
func openForWriting(t *testing.T) []string {
	t.Helper()
	var open []string
	for operation, secured := range operations(t) {
		if !secured && !strings.HasPrefix(operation, "GET ") {
			open = append(open, operation)
		}
	}
	slices.Sort(open)
	return open
}

// live is what others do during a flood: one signs up, another one logs in and resets the password, as in every
// round before.
func (s *service) live(t *testing.T, round int) {
	t.Helper()
	newcomer := fmt.Sprintf("newcomer%d@example.com", round)
	present, next := fmt.Sprint(password, round), fmt.Sprint(password, round+1)
	if round == 0 {
		present = password
	}
	s.post(t, home, "/auth/signup", map[string]any{"email": newcomer, "password": password}).want(t, 201, "")
	s.post(t, home, "/auth/forgot-password", map[string]any{"email": ada}).want(t, 202, "")
	s.post(t, home, "/auth/login", map[string]any{"email": ada, "password": present}).want(t, 200, "")
	code := digitsPattern.FindStringSubmatch(s.mailWith(t, newcomer, "code"))[1]
	s.post(t, home, "/auth/verify", map[string]any{"email": newcomer, "code": code}).want(t, 200, "")
	// The flood may have used up the guesses of the digits.
	code = longPattern.FindStringSubmatch(s.mailWith(t, ada, "To choose a new password"))[1]
	s.post(t, home, "/auth/reset-password", map[string]any{"email": ada, "code": code, "new_password": next}).want(t, 200, "")
	s.post(t, home, "/auth/login", map[string]any{"email": ada, "password": next}).want(t, 200, "")
}
