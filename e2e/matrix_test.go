package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Who may call an operation.
const (
	anybody    = "anybody"
	loggedIn   = "whoever is logged in" // about the caller
	selfOrBoss = "the user itself and admins"
	admins     = "admins"
)

// rights is the authorization of every operation. One that the document has and this table has not fails the test.
var rights = map[string]string{
	"POST /auth/signup": anybody, "POST /auth/verify": anybody, "POST /auth/resend": anybody, "POST /auth/login": anybody, "POST /auth/token": anybody,
	"POST /auth/refresh": anybody, "POST /auth/logout": anybody, "POST /auth/forgot-password": anybody, "POST /auth/reset-password": anybody,
	"GET /.well-known/jwks.json": anybody, "GET /healthz": anybody, "GET /readyz": anybody,

	"POST /auth/logout-all": loggedIn, "GET /users/me": loggedIn, "PATCH /users/me": loggedIn, "DELETE /users/me": loggedIn, "POST /users/me/delete": loggedIn,
	"PUT /users/me/password": loggedIn, "POST /users/me/email/confirm": loggedIn, "GET /users/me/export": loggedIn,
	"GET /users/me/sessions": loggedIn, "DELETE /users/me/sessions": loggedIn, "DELETE /users/me/sessions/{session_id}": loggedIn,

	"PATCH /users/{id}": selfOrBoss, "GET /users/{id}/export": selfOrBoss, "GET /users/{id}/sessions": selfOrBoss, "DELETE /users/{id}/sessions": selfOrBoss,
	"DELETE /users/{id}/sessions/{session_id}": selfOrBoss,

	"GET /users": admins, "GET /users/count": admins, "POST /users": admins, "GET /users/{id}": admins, "DELETE /users/{id}": admins,
	"POST /users/{id}/block": admins, "POST /users/{id}/unblock": admins, "POST /users/{id}/invite": admins, "DELETE /users/{id}/invite": admins,
	"POST /users/{id}/reset-password": admins, "GET /audit-events": admins,
}

// callers are everybody who may try an operation: the token, and on whom.
type caller struct {
	name    string
	allowed []string // the rights under which the call is let through
	cast    func(p *people) (token, target string)
}

var callers = []caller{
	{"nobody", []string{anybody}, func(p *people) (string, string) { return "", p.target }},
	{"an unverified user", []string{anybody}, func(p *people) (string, string) { return p.unverified(), p.target }},
	{"a user on itself", []string{anybody, loggedIn, selfOrBoss}, func(p *people) (string, string) { return p.own, p.target }},
	{"a user on another", []string{anybody, loggedIn}, func(p *people) (string, string) { return p.other(), p.target }},
	{"a blocked user on itself", []string{anybody}, func(p *people) (string, string) { return p.blocked(), p.target }},
	{"an admin", []string{anybody, loggedIn, selfOrBoss, admins}, func(p *people) (string, string) { return p.admin(), p.target }},
	{"a demoted admin with the token of before", []string{anybody, loggedIn}, func(p *people) (string, string) { return p.demoted(), p.target }},
}

func TestAuthorization_EveryOperationLetsThroughWhomItShouldAndNobodyElse(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"RATE_LIMITS": "off"})
	boss := s.login(t, adminEmail, adminPassword).Access
	all := operations(t)
	for operation, secured := range all {
		if right, ok := rights[operation]; !ok || secured == (right == anybody) {
			t.Errorf("who may call %s is not in the table, or not as the document says (%q)", operation, right)
		}
	}
	for i, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			shared := newPeople(t, s, boss, fmt.Sprint("shared", i))
			token, target := c.cast(shared)
			for n, operation := range slices.Sorted(maps.Keys(rights)) {
				if _, ok := all[operation]; !ok {
					t.Errorf("there is no operation %s", operation)
					continue
				}
				p, token, target := shared, token, target
				allowed := slices.Contains(c.allowed, rights[operation])
				if allowed && rights[operation] != anybody && !strings.HasPrefix(operation, "GET ") { // it changes those around it
					p = newPeople(t, s, boss, fmt.Sprintf("%d-%d", n, i))
					token, target = c.cast(p)
				}
				a := s.try(t, operation, token, target, p.session)
				refused := a.status == 401 && slices.Contains([]string{"token_missing", "session_ended"}, a.code()) ||
					a.status == 403 && slices.Contains([]string{"admin_only", "not_your_account"}, a.code())
				if allowed == refused || a.status >= 500 {
					t.Errorf("%s answered %s", operation, a)
				}
			}
		})
	}
}

// people are those around one call: a user, and whoever else is needed.
type people struct {
	t          *testing.T
	s          *service
	boss, mark string
	target     string // the user's id
	own        string // the user's token
	session    string // one of the user
}

func newPeople(t *testing.T, s *service, boss, mark string) *people {
	t.Helper()
	p := &people{t: t, s: s, boss: boss, mark: mark}
	p.target, p.own = p.join("target")
	var list struct{ Sessions []struct{ ID string } }
	s.call(t, "GET", "/users/me/sessions", p.own, nil).want(t, 200, "").into(t, &list)
	p.session = list.Sessions[0].ID
	return p
}

func (p *people) join(name string) (id, token string) {
	p.t.Helper()
	email := name + p.mark + "@example.com"
	return p.s.verified(p.t, email).ID, p.s.login(p.t, email, password).Access
}

func (p *people) other() string {
	_, token := p.join("other")
	return token
}

// unverified is the token of somebody who has not proved the address: there is none.
func (p *people) unverified() string {
	p.t.Helper()
	email := "new" + p.mark + "@example.com"
	p.s.call(p.t, "POST", "/auth/signup", "", map[string]any{"email": email, "password": password}).want(p.t, 201, "")
	p.s.call(p.t, "POST", "/auth/login", "", map[string]any{"email": email, "password": password}).want(p.t, 403, "account_unverified")
	return ""
}

func (p *people) blocked() string {
	p.t.Helper()
	p.s.call(p.t, "POST", "/users/"+p.target+"/block", p.boss, map[string]any{}).want(p.t, 200, "")
	return p.own
}

func (p *people) admin() string {
	p.t.Helper()
	id, token := p.join("admin")
	p.s.call(p.t, "PATCH", "/users/"+id, p.boss, map[string]any{"role": "admin"}).want(p.t, 200, "")
	return token
}

func (p *people) demoted() string {
	p.t.Helper()
	email := "demoted" + p.mark + "@example.com"
	id := p.s.verified(p.t, email).ID
	p.s.call(p.t, "PATCH", "/users/"+id, p.boss, map[string]any{"role": "admin"}).want(p.t, 200, "")
	token := p.s.login(p.t, email, password).Access
	p.s.call(p.t, "PATCH", "/users/"+id, p.boss, map[string]any{"role": "user"}).want(p.t, 200, "")
	return token
}
