package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
)

const newPassword = "battery staple horse"

// account is a user as its owner and admins see it.
type account struct {
	user
	PendingEmail *string `json:"pending_email"`
}

// members are the names that a body has.
func (a answer) members(t *testing.T) map[string]any {
	t.Helper()
	var members map[string]any
	a.into(t, &members)
	return members
}

func TestAccount_AForgottenPasswordIsResetByTheMailedCode(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		s.verified(t, ada)
		pairs := []tokens{s.login(t, ada, password), s.login(t, ada, password), s.login(t, ada, password)}
		known := s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": strings.ToUpper(ada)}).want(t, 202, "")
		unknown := s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": "nobody@example.com"}).want(t, 202, "")
		if string(known.body) != string(unknown.body) {
			t.Errorf("answered %s and %s", known, unknown)
		}
		digits, _ := s.codes(t, ada, 2)
		for _, m := range s.rawMails(t) { // as it was signed up, however it was asked for
			if to := m.Header.Get("To"); to != "<"+ada+">" {
				t.Errorf("mailed to %s", to)
			}
		}
		reset := map[string]any{"email": ada, "code": digits}
		s.call(t, "POST", "/auth/reset-password", "", reset).want(t, 422, "invalid_input") // none is made up
		reset["new_password"] = "iloveyou"
		s.call(t, "POST", "/auth/reset-password", "", reset).want(t, 422, "password_too_common")
		reset["new_password"] = newPassword
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": "nobody@example.com", "code": digits, "new_password": newPassword}).want(t, 422, "invalid_code")
		s.call(t, "POST", "/auth/verify", "", map[string]any{"email": ada, "code": digits}).want(t, 422, "invalid_code")
		done := s.call(t, "POST", "/auth/reset-password", "", reset).want(t, 200, "").members(t)
		if len(done) != 1 || done["message"] == nil { // nobody is logged in by it
			t.Errorf("answered %v", done)
		}
		s.call(t, "POST", "/auth/reset-password", "", reset).want(t, 422, "invalid_code")
		for _, pair := range pairs {
			s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
			s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 401, "token_revoked")
		}
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": ada, "password": password}).want(t, 401, "invalid_credentials")
		if n := s.sessionsOf(t, s.login(t, ada, newPassword).Access); n != 1 {
			t.Errorf("%d sessions after one login", n)
		}
		s.mail(t, ada, 3)
	})
}

func TestAccount_AResetProvesTheAddressOfASignUp(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		s.signUp(t, ada)
		s.mail(t, ada, 1)
		s.call(t, "POST", "/auth/forgot-password", "", map[string]any{"email": ada}).want(t, 202, "")
		_, long := s.codes(t, ada, 2)
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": ada, "code": long, "new_password": newPassword}).want(t, 200, "")
		s.login(t, ada, newPassword)
	})
}

func TestAccount_ANewPasswordTakesThePresentOneAndEndsTheOtherSessions(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		s.verified(t, ada)
		there := []tokens{s.login(t, ada, password), s.login(t, ada, password)}
		here := s.login(t, ada, password)
		there = append(there, s.login(t, ada, password))
		change := func(current, next string) answer {
			return s.call(t, "PUT", "/users/me/password", here.Access, map[string]any{"current_password": current, "new_password": next})
		}
		change("wrong password", newPassword).want(t, 403, "wrong_password")
		change(password, "short").want(t, 422, "invalid_input")
		change(password, "Coffee Shop 2026").want(t, 422, "password_is_product_name")
		change(password, ada).want(t, 422, "password_is_personal")
		s.call(t, "PUT", "/users/me/password", here.Access, map[string]any{"new_password": newPassword}).want(t, 422, "invalid_input")
		change(password, newPassword).want(t, 204, "")
		s.call(t, "GET", "/users/me", here.Access, nil).want(t, 200, "")
		for _, pair := range there {
			s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
			s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 401, "token_revoked")
		}
		s.login(t, ada, newPassword)
		s.mail(t, ada, 2)
	})
}

func TestAccount_AnAddressChangesOnceTheNewOneIsProved(t *testing.T) {
	const next = "Lovelace@example.com"
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		u := s.verified(t, ada)
		token := s.login(t, ada, password).Access
		path := "/users/" + u.ID
		s.call(t, "PATCH", path, token, map[string]any{"email": next}).want(t, 403, "password_required")
		s.call(t, "PATCH", path, token, map[string]any{"email": next, "current_password": "wrong password"}).want(t, 403, "wrong_password")
		var pending account
		s.call(t, "PATCH", path, token, map[string]any{"email": next, "current_password": password}).want(t, 200, "").into(t, &pending)
		if pending.Email != ada || pending.PendingEmail == nil || *pending.PendingEmail != next {
			t.Fatalf("changed to %+v", pending)
		}
		digits, _ := s.codes(t, next, 1)
		s.mail(t, ada, 2) // the old address is told at once
		s.login(t, ada, password)
		s.call(t, "POST", "/users/me/email/confirm", "", map[string]any{"code": digits}).want(t, 401, "token_missing")
		var confirmed account
		s.call(t, "POST", "/users/me/email/confirm", token, map[string]any{"code": digits}).want(t, 200, "").into(t, &confirmed)
		if confirmed.Email != next || confirmed.PendingEmail != nil {
			t.Errorf("confirmed as %+v", confirmed)
		}
		s.call(t, "POST", "/users/me/email/confirm", token, map[string]any{"code": digits}).want(t, 422, "invalid_code")
		s.mail(t, ada, 3) // and once more when it is done
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": ada, "password": password}).want(t, 401, "invalid_credentials")
		s.login(t, next, password)
	})
}

func TestAccount_AnAddressThatIsTakenIsAnsweredAlikeAndItsOwnerIsTold(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		const owner, free = "owner@example.com", "free@example.com"
		s.verified(t, owner)
		u := s.verified(t, ada)
		token := s.login(t, ada, password).Access
		shape := func(email string) string {
			body := s.call(t, "PATCH", "/users/"+u.ID, token, map[string]any{"email": email, "current_password": password}).want(t, 200, "").members(t)
			if body["pending_email"] != email {
				t.Errorf("pending is %v", body["pending_email"])
			}
			body["pending_email"], body["updated_at"] = nil, nil
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		if a, b := shape(free), shape(owner); a != b {
			t.Errorf("answered %s and %s", a, b)
		}
		if text := s.mail(t, owner, 2); digitsPattern.MatchString(text) || longPattern.MatchString(text) {
			t.Errorf("the owner was mailed %q", text)
		}
		s.call(t, "POST", "/users/me/email/confirm", token, map[string]any{"code": "000000"}).want(t, 422, "invalid_code")
		s.login(t, owner, password)
	})
}

func TestAccount_AnAdminChangesAnAddressAtOnceAndBothAreTold(t *testing.T) {
	const next = "lovelace@example.com"
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		u := s.verified(t, ada)
		admin := s.login(t, adminEmail, adminPassword).Access
		var changed account
		s.call(t, "PATCH", "/users/"+u.ID, admin, map[string]any{"email": next}).want(t, 200, "").into(t, &changed)
		if changed.Email != next || changed.PendingEmail != nil || changed.Status != "verified" {
			t.Errorf("changed to %+v", changed)
		}
		s.mail(t, ada, 2)
		s.mail(t, next, 1)
		s.login(t, next, password)
		s.call(t, "PATCH", "/users/"+u.ID, admin, map[string]any{"email": adminEmail}).want(t, 409, "email_taken")
	})
}

func TestAccount_AnAdminStartsAResetAndCannotChooseThePassword(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		u := s.verified(t, ada)
		admin := s.login(t, adminEmail, adminPassword).Access
		for _, name := range []string{"password", "new_password", "password_hash"} {
			s.call(t, "PATCH", "/users/"+u.ID, admin, map[string]any{name: newPassword}).want(t, 422, "invalid_input")
		}
		asked := s.call(t, "POST", "/users/"+u.ID+"/reset-password", admin, nil).want(t, 202, "").members(t)
		if len(asked) != 1 || asked["message"] == nil {
			t.Errorf("the admin was answered %v", asked)
		}
		digits, _ := s.codes(t, ada, 2)
		if len(s.texts(t, adminEmail)) != 0 {
			t.Error("the admin was mailed something")
		}
		s.call(t, "POST", "/auth/reset-password", "", map[string]any{"email": ada, "code": digits, "new_password": newPassword}).want(t, 200, "")
		s.login(t, ada, newPassword)
	})
}

func TestAccount_ItsOwnerDeletesItWithThePassword(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		u := s.verified(t, ada)
		pair := s.login(t, ada, password)
		s.call(t, "POST", "/users/me/delete", pair.Access, map[string]any{}).want(t, 422, "invalid_input")
		s.call(t, "POST", "/users/me/delete", pair.Access, map[string]any{"current_password": "wrong password"}).want(t, 403, "wrong_password")
		s.call(t, "POST", "/users/me/delete", pair.Access, map[string]any{"current_password": password}).want(t, 204, "")
		s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": ada, "password": password}).want(t, 401, "invalid_credentials")
		admin := s.login(t, adminEmail, adminPassword).Access
		s.call(t, "GET", "/users/"+u.ID, admin, nil).want(t, 404, "user_not_found")
		s.call(t, "POST", "/users/me/delete", admin, map[string]any{"current_password": adminPassword}).want(t, 409, "last_admin")
		s.mail(t, ada, 2)
		if again := s.signUp(t, ada); again.ID == u.ID {
			t.Error("the account is back")
		}
	})
}

func TestAccount_ASignUpWithATakenAddressIsAnsweredAlike(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, s *service, _ *clock) {
		owner := s.verified(t, ada)
		taken, free := s.signUp(t, ada), s.signUp(t, "free@example.com")
		if taken.ID == owner.ID || taken.Status != free.Status || taken.Role != free.Role {
			t.Errorf("answered %+v and %+v", taken, free)
		}
		if again := s.signUp(t, ada); again.ID == taken.ID {
			t.Error("the same id again")
		}
		s.mail(t, ada, 2)
		s.settle(t)
		if n := len(s.texts(t, ada)); n != 2 {
			t.Errorf("the owner got %d mails, want the code and one notice an hour", n)
		}
	})
}

func TestAccount_ATakenAddressIsToldWhereThatIsWanted(t *testing.T) {
	onEachEngine(t, map[string]string{"SIGNUP_REVEALS_DUPLICATES": "true"}, func(t *testing.T, s *service, _ *clock) {
		s.verified(t, ada)
		s.call(t, "POST", "/auth/signup", "", map[string]any{"email": ada, "password": password}).want(t, 409, "email_taken")
	})
}
