package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestFlow_FromSignUpToLogout(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		var u user
		signedUp := s.call(t, "POST", "/auth/signup", "", map[string]any{
			"email": "Ada@Example.com", "password": password, "first_name": "Ada",
		}).want(t, 201, "")
		signedUp.into(t, &u)
		if signedUp.members(t)["access_token"] != nil {
			t.Error("logged in by a sign-up")
		}
		if u.Email != "Ada@Example.com" || *u.FirstName != "Ada" || u.LastName != nil || u.Status != "unverified" || u.Role != "user" {
			t.Fatalf("signed up as %+v", u)
		}
		credentials := map[string]any{"email": "ada@example.com", "password": password}
		s.call(t, "POST", "/auth/login", "", credentials).want(t, 403, "account_unverified")
		digits, _ := s.codes(t, "ada@example.com", 1)
		verified := s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": digits}).want(t, 200, "").members(t)
		if len(verified) != 1 || verified["message"] == nil {
			t.Errorf("verified with %v", verified)
		}
		s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": digits}).want(t, 422, "invalid_code")
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": "ada@example.com", "password": "wrong password"}).want(t, 401, "invalid_credentials")

		first := s.login(t, "ada@example.com", password)
		if first.Type != "bearer" || first.ExpiresIn != 1800 {
			t.Errorf("logged in with %+v", first)
		}
		if n := s.sessionsOf(t, first.Access); n != 1 {
			t.Errorf("%d sessions after one login", n)
		}
		var me user
		s.call(t, "GET", "/users/me", first.Access, nil).want(t, 200, "").into(t, &me)
		if me.ID != u.ID || me.Status != "verified" {
			t.Errorf("is %+v", me)
		}
		var second tokens
		s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": first.Refresh}).want(t, 200, "").into(t, &second)
		if second.Refresh == first.Refresh || second.Access == first.Access {
			t.Error("a token was not replaced")
		}
		s.call(t, "GET", "/users/me", second.Access, nil).want(t, 200, "")
		s.call(t, "GET", "/users/me", second.Refresh, nil).want(t, 401, "token_wrong_scope")
		s.call(t, "POST", "/auth/logout", "", map[string]any{"refresh_token": second.Refresh}).want(t, 200, "")
		s.call(t, "GET", "/users/me", second.Access, nil).want(t, 401, "session_ended")
		s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": second.Refresh}).want(t, 401, "token_revoked")
		s.call(t, "POST", "/auth/logout", "", map[string]any{"refresh_token": second.Refresh}).want(t, 401, "token_revoked")
	})
}

func TestFlow_AdminsManageUsers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		admin := s.login(t, adminEmail, adminPassword).Access
		var ids []string
		for i := range 5 {
			ids = append(ids, s.signUp(t, fmt.Sprintf("u%d@example.com", i)).ID)
		}
		ada := s.verified(t, "ada@example.com")
		self := s.login(t, "ada@example.com", password).Access

		var page struct {
			Users []user
			Next  *string `json:"next_cursor"`
		}
		seen := []string{}
		for path := "/users?limit=3"; ; path = "/users?limit=3&cursor=" + *page.Next {
			s.call(t, "GET", path, admin, nil).want(t, 200, "").into(t, &page)
			for _, u := range page.Users {
				seen = append(seen, u.ID)
			}
			if page.Next == nil {
				break
			}
		}
		if len(seen) != 7 || seen[0] != ada.ID || seen[5] != ids[0] {
			t.Errorf("listed %v", seen)
		}
		s.call(t, "GET", "/users?limit=0", admin, nil).want(t, 422, "invalid_input")
		s.call(t, "GET", "/users?cursor=rubbish", admin, nil).want(t, 400, "invalid_cursor")
		s.call(t, "GET", "/users", self, nil).want(t, 403, "admin_only")
		s.call(t, "GET", "/users", "", nil).want(t, 401, "token_missing")
		s.call(t, "GET", "/users/"+ada.ID, admin, nil).want(t, 200, "")
		s.call(t, "GET", "/users/"+ada.ID, self, nil).want(t, 403, "admin_only")
		s.call(t, "GET", "/users/00000000-0000-4000-8000-000000000000", admin, nil).want(t, 404, "user_not_found")
		s.call(t, "GET", "/users/rubbish", admin, nil).want(t, 422, "invalid_input")

		var changed user
		s.call(t, "PATCH", "/users/"+ada.ID, self, map[string]any{"first_name": "Ada", "last_name": "Lovelace"}).want(t, 200, "").into(t, &changed)
		changed = user{}
		s.call(t, "PATCH", "/users/"+ada.ID, self, map[string]any{"last_name": nil}).want(t, 200, "").into(t, &changed)
		if *changed.FirstName != "Ada" || changed.LastName != nil {
			t.Errorf("changed to %+v", changed)
		}
		s.call(t, "PATCH", "/users/"+ada.ID, self, map[string]any{"role": "admin"}).want(t, 403, "role_change_denied")
		s.call(t, "PATCH", "/users/"+ids[0], self, map[string]any{"first_name": "X"}).want(t, 403, "not_your_account")
		s.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"email": nil}).want(t, 422, "invalid_input")
		s.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"email": adminEmail}).want(t, 409, "email_taken")
		s.call(t, "PATCH", "/users/"+ids[0], admin, map[string]any{"role": "admin"}).want(t, 409, "user_unverified")
		s.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"role": "admin"}).want(t, 200, "")
		s.call(t, "GET", "/users", self, nil).want(t, 200, "") // the role holds at once
		s.call(t, "DELETE", "/users/"+ids[0], self, nil).want(t, 204, "")
		s.call(t, "DELETE", "/users/"+ids[0], self, nil).want(t, 404, "user_not_found")
	})
}

func TestFlow_TwoAdminsWhoDemoteEachOtherLeaveOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		boss := s.login(t, adminEmail, adminPassword).Access
		var me user
		s.call(t, "GET", "/users/me", boss, nil).into(t, &me)
		ada := s.verified(t, "ada@example.com")
		s.call(t, "PATCH", "/users/"+ada.ID, boss, map[string]any{"role": "admin"}).want(t, 200, "")
		other := s.login(t, "ada@example.com", password).Access

		answers := make([]answer, 16)
		var group sync.WaitGroup
		for i := range answers {
			token, target := boss, ada.ID
			if i%2 == 1 {
				token, target = other, me.ID
			}
			group.Go(func() {
				answers[i] = s.call(t, "PATCH", "/users/"+target, token, map[string]any{"role": "user"})
			})
		}
		group.Wait()
		refused := 0
		for _, a := range answers {
			switch {
			case a.status == 200:
			case a.code() == "last_admin" || a.code() == "admin_only" || a.code() == "role_change_denied" || a.code() == "not_your_account":
				refused++
			default:
				t.Errorf("answered %s", a)
			}
		}
		if refused == 0 {
			t.Error("nobody was refused")
		}
		admins := 0
		for _, token := range []string{boss, other} {
			var u user
			s.call(t, "GET", "/users/me", token, nil).want(t, 200, "").into(t, &u)
			if u.Role == "admin" {
				admins++
			}
		}
		if admins != 1 {
			t.Errorf("%d admins are left", admins)
		}
	})
}

func TestFlow_SeveralSignUpsOfOneAddressLeaveOneAccount(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		var codes []string
		for i := range 3 {
			s.post(t, network(i), "/auth/signup", map[string]any{"email": "ada@example.com", "password": password}).want(t, 201, "")
			_, long := s.codes(t, "ada@example.com", i+1)
			codes = append(codes, long)
		}
		answers := make([]answer, 15)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				answers[i] = s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": codes[i%3]})
			})
		}
		group.Wait()
		won := 0
		for _, a := range answers {
			if a.status == 200 {
				won++
			} else if a.code() != "invalid_code" {
				t.Errorf("answered %s", a)
			}
		}
		if won != 1 {
			t.Errorf("%d verifications won", won)
		}
		s.login(t, "ada@example.com", password)
		s.signUp(t, "ada@example.com") // changes nothing
		if told := s.mail(t, "ada@example.com", 4); digitsPattern.MatchString(told) || longPattern.MatchString(told) {
			t.Errorf("a code was mailed to a verified address: %s", told)
		}
	})
}

func TestFlow_GuessesAreCountedForTheAddress(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		s.signUp(t, "ada@example.com")
		digits, long := s.codes(t, "ada@example.com", 1)
		wrong := "000000"
		if digits == wrong {
			wrong = "000001"
		}
		answers := make([]answer, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				answers[i] = s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": wrong})
			})
		}
		group.Wait()
		for _, a := range answers {
			a.want(t, 422, "invalid_code")
		}
		s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": digits}).want(t, 422, "invalid_code")
		s.call(t, "POST", "/auth/resend", "", map[string]any{"email": "ada@example.com"}).want(t, 202, "")
		s.call(t, "POST", "/auth/resend", "", map[string]any{"email": "nobody@example.com"}).want(t, 202, "")
		s.call(t, "POST", "/auth/verify", "", map[string]any{"email": "ada@example.com", "code": strings.ToUpper(long)}).want(t, 200, "")
	})
}

func TestFlow_RussianMailForRussianReaders(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	header := http.Header{"Accept-Language": {"ru-RU,ru;q=0.9,en;q=0.5"}}
	s.callWith(t, header, "POST", "/auth/signup", map[string]any{"email": "ivan@пример.рф", "password": password}).want(t, 201, "")
	if text := s.mail(t, "ivan@xn--e1afmkfd.xn--p1ai", 1); !strings.Contains(text, "код") {
		t.Errorf("mailed %q", text)
	}
}
