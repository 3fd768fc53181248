package e2e_test

import (
	"sync"
	"testing"
)

func TestSessions_BlockDeleteAndRoleHoldAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		admin := s.login(t, adminEmail, adminPassword).Access
		ada := s.verified(t, "ada@example.com")
		credentials := map[string]any{"email": "ada@example.com", "password": password}
		pair := s.login(t, "ada@example.com", password)

		s.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"role": "admin"}).want(t, 200, "")
		s.call(t, "GET", "/users", pair.Access, nil).want(t, 200, "")
		s.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"role": "user"}).want(t, 200, "")
		s.call(t, "GET", "/users", pair.Access, nil).want(t, 403, "admin_only")

		s.call(t, "POST", "/users/"+ada.ID+"/block", pair.Access, map[string]any{}).want(t, 403, "admin_only")
		s.call(t, "POST", "/users/"+ada.ID+"/block", admin, map[string]any{"until": "2020-01-01T00:00:00Z"}).want(t, 422, "invalid_input")
		s.call(t, "POST", "/users/"+ada.ID+"/block", admin, map[string]any{"reason": "asked for it"}).want(t, 200, "")
		s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
		s.call(t, "POST", "/auth/login", "", credentials).want(t, 403, "account_blocked")
		s.call(t, "POST", "/auth/login", "", map[string]any{"email": "ada@example.com", "password": "wrong password"}).want(t, 401, "invalid_credentials")
		s.call(t, "POST", "/users/"+ada.ID+"/unblock", admin, nil).want(t, 200, "")
		s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
		s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 401, "token_revoked")

		pairs := []tokens{s.login(t, "ada@example.com", password), s.login(t, "ada@example.com", password), s.login(t, "ada@example.com", password)}
		s.call(t, "DELETE", "/users/"+ada.ID+"/sessions", admin, nil).want(t, 204, "")
		for _, pair := range pairs {
			s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
			s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 401, "token_revoked")
		}
		pair = s.login(t, "ada@example.com", password)
		s.call(t, "GET", "/users/"+ada.ID+"/sessions", admin, nil).want(t, 200, "")
		s.call(t, "DELETE", "/users/"+ada.ID+"/sessions/"+ada.ID, admin, nil).want(t, 404, "session_not_found")
		s.call(t, "DELETE", "/users/"+ada.ID, admin, nil).want(t, 204, "")
		s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
		s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 401, "token_revoked")

		var boss user
		s.call(t, "GET", "/users/me", admin, nil).into(t, &boss)
		s.call(t, "POST", "/users/"+boss.ID+"/block", admin, map[string]any{}).want(t, 409, "last_admin")
	})
}

func TestSessions_SixteenRefreshesOfOneTokenGetTheSameSuccessor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service) {
		pair := s.login(t, adminEmail, adminPassword)
		answers := make([]answer, 16)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				answers[i] = s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh})
			})
		}
		group.Wait()
		var successor string
		for _, a := range answers {
			var got tokens
			a.want(t, 200, "").into(t, &got)
			if successor == "" {
				successor = got.Refresh
			}
			if got.Refresh != successor {
				t.Error("tabs got different successors")
			}
			s.call(t, "GET", "/users/me", got.Access, nil).want(t, 200, "")
		}
		var list struct{ Sessions []struct{ ID string } }
		s.call(t, "GET", "/users/me/sessions", pair.Access, nil).want(t, 200, "").into(t, &list)
		if len(list.Sessions) != 1 {
			t.Errorf("%d sessions", len(list.Sessions))
		}
	})
}
