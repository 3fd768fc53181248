package e2e_test

import (
	"sync"
	"testing"
)

func TestReplicas_WhatEndsASessionHoldsForTheNextRequestOnEach(t *testing.T) {
	t.Parallel()
	both := replicas(t, 2)
	a, b := both[0], both[1]
	admin := a.login(t, adminEmail, adminPassword).Access
	var boss user
	b.call(t, "GET", "/users/me", admin, nil).want(t, 200, "").into(t, &boss)

	session := func() (tokens, string) {
		pair := b.login(t, adminEmail, adminPassword)
		var list struct {
			Sessions []struct {
				ID      string
				Current bool
			}
		}
		b.call(t, "GET", "/users/me/sessions", pair.Access, nil).want(t, 200, "").into(t, &list)
		if len(list.Sessions) != 2 { // and the one that goes on meanwhile
			t.Errorf("%d sessions are listed", len(list.Sessions))
		}
		for _, s := range list.Sessions {
			if s.Current {
				return pair, s.ID
			}
		}
		t.Fatal("the session of the call is not in the list")
		return pair, ""
	}
	for name, end := range map[string]func(pair tokens, id string){
		"logout": func(pair tokens, _ string) {
			a.call(t, "POST", "/auth/logout", "", map[string]any{"refresh_token": pair.Refresh}).want(t, 200, "")
		},
		"ending one's own session": func(_ tokens, id string) {
			a.call(t, "DELETE", "/users/me/sessions/"+id, admin, nil).want(t, 204, "")
		},
		"an admin ending it": func(_ tokens, id string) {
			a.call(t, "DELETE", "/users/"+boss.ID+"/sessions/"+id, admin, nil).want(t, 204, "")
		},
	} {
		pair, id := session()
		b.call(t, "GET", "/users/me", pair.Access, nil).want(t, 200, "")
		end(pair, id)
		if got := b.call(t, "GET", "/users/me", pair.Access, nil); got.status != 401 || got.code() != "session_ended" {
			t.Errorf("after %s: %s", name, got)
		}
	}
	ada := a.verified(t, "ada@example.com")
	held := b.login(t, "ada@example.com", password).Access
	b.call(t, "GET", "/users", held, nil).want(t, 403, "admin_only")
	a.call(t, "PATCH", "/users/"+ada.ID, admin, map[string]any{"role": "admin"}).want(t, 200, "")
	b.call(t, "GET", "/users", held, nil).want(t, 200, "")
	a.call(t, "POST", "/users/"+ada.ID+"/block", admin, map[string]any{}).want(t, 200, "")
	b.call(t, "GET", "/users/me", held, nil).want(t, 401, "session_ended")
	a.call(t, "POST", "/users/"+ada.ID+"/unblock", admin, nil).want(t, 200, "")
	held = b.login(t, "ada@example.com", password).Access
	a.call(t, "DELETE", "/users/"+ada.ID, admin, nil).want(t, 204, "")
	b.call(t, "GET", "/users/me", held, nil).want(t, 401, "session_ended")

	pair, _ := session()
	a.call(t, "POST", "/auth/logout-all", admin, nil).want(t, 200, "")
	b.call(t, "GET", "/users/me", pair.Access, nil).want(t, 401, "session_ended")
	b.call(t, "GET", "/users/me", admin, nil).want(t, 401, "session_ended")
}

func TestReplicas_ShareTheBudgetOfFailedLogins(t *testing.T) {
	t.Parallel()
	both := replicas(t, 2)
	answers := make([]answer, 64)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answers[i] = both[i%2].call(t, "POST", "/auth/login", "", map[string]any{"email": adminEmail, "password": "wrong password"})
		})
	}
	group.Wait()
	compared := 0
	for _, a := range answers {
		switch a.code() {
		case "invalid_credentials":
			compared++
		case "too_many_requests":
			if a.header.Get("Retry-After") == "" {
				t.Error("a refusal does not say when to come back")
			}
		default:
			t.Errorf("answered %s", a)
		}
	}
	if compared != 10 {
		t.Errorf("%d of 64 guesses were compared, the budget is 10", compared)
	}
}
