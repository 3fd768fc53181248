package e2e_test

import (
	"strings"
	"testing"
)

func TestInvitation_IsMailedAcceptedRepeatedAndRevoked(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		admin := s.login(t, adminEmail, adminPassword).Access
		var invited user
		a := s.call(t, "POST", "/users", admin, map[string]any{"email": ada, "first_name": "Ada", "role": "admin", "locale": "ru"}).want(t, 201, "")
		a.into(t, &invited)
		if members := a.members(t); members["invited"] != true || members["status"] != "unverified" || a.header.Get("ETag") != `"1"` {
			t.Errorf("answered %s", a)
		}
		s.call(t, "POST", "/users", admin, map[string]any{"email": strings.ToUpper(ada)}).want(t, 409, "already_invited")
		s.call(t, "POST", "/users", admin, map[string]any{"email": adminEmail}).want(t, 409, "email_taken")
		text := s.mail(t, ada, 1)
		code := longPattern.FindStringSubmatch(text)
		if code == nil || digitsPattern.MatchString(text) || !strings.Contains(text, "Приглашение") {
			t.Fatalf("the mail is %q", text)
		}
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": ada, "password": password}).want(t, 401, "invalid_credentials")
		s.call(t, "POST", "/auth/verify", "", map[string]any{"email": ada, "code": code[1]}).want(t, 422, "invalid_code")
		s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": ada}).want(t, 202, "")
		if again := longPattern.FindStringSubmatch(s.mail(t, ada, 2)); len(again) != 2 || again[1] != code[1] {
			t.Errorf("forgot-password mailed %v, want the invitation again", again)
		}
		if n := s.call(t, "GET", "/users?invited=true", admin, nil).want(t, 200, ""); strings.Count(n.String(), ada) != 1 {
			t.Errorf("the invited are %s", n)
		}
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": ada, "code": code[1], "new_password": newPassword}).want(t, 200, "")
		var me user
		s.call(t, "GET", "/users/me", s.login(t, ada, newPassword).Access, nil).want(t, 200, "").into(t, &me)
		if me.ID != invited.ID || me.Role != "admin" || me.Status != "verified" {
			t.Errorf("it is %+v", me)
		}
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": ada, "code": code[1], "new_password": password}).want(t, 422, "invalid_code")

		const bob = "bob@example.com"
		s.call(t, "POST", "/users", admin, map[string]any{"email": bob}).want(t, 201, "").into(t, &invited)
		first := longPattern.FindStringSubmatch(s.mail(t, bob, 1))[1]
		s.call(t, "POST", "/users/"+invited.ID+"/invite", admin, nil).want(t, 200, "")
		second := longPattern.FindStringSubmatch(s.mail(t, bob, 2))[1]
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": bob, "code": first, "new_password": newPassword}).want(t, 422, "invalid_code")
		s.call(t, "DELETE", "/users/"+invited.ID+"/invite", admin, nil).want(t, 204, "")
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": bob, "code": second, "new_password": newPassword}).want(t, 422, "invalid_code")
		s.call(t, "DELETE", "/users/"+invited.ID+"/invite", admin, nil).want(t, 404, "user_not_found")
		s.call(t, "POST", "/users/"+me.ID+"/invite", admin, nil).want(t, 409, "not_invited")
	})
}

func TestExport_GivesAPersonWhatIsHeldAboutIt(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		u := s.verified(t, ada)
		own := s.login(t, ada, password).Access
		admin := s.login(t, adminEmail, adminPassword).Access
		s.call(t, "PATCH", "/users/me", own, map[string]any{"profile": map[string]any{"theme": "dark"}}).want(t, 200, "")
		for token, path := range map[string]string{own: "/users/me/export", admin: "/users/" + u.ID + "/export"} {
			var data struct {
				User struct {
					ID      string
					Profile map[string]any
				}
				Sessions []struct{ IP string }
				Events   []struct{ Action string }
				More     bool `json:"more_events"`
			}
			a := s.call(t, "GET", path, token, nil).want(t, 200, "")
			a.into(t, &data)
			if data.User.ID != u.ID || data.User.Profile["theme"] != "dark" || len(data.Sessions) != 1 || data.More || strings.Contains(string(a.body), "$2") {
				t.Errorf("%s: %s", path, a)
			}
			if len(data.Events) < 5 || data.Events[0].Action != "user.updated" || data.Events[len(data.Events)-1].Action != "user.signed_up" {
				t.Errorf("%s: the events are %v", path, data.Events)
			}
		}
	})
}
