package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// several are the calls of the store that a request may make more than once: each time they say something else.
var several = map[string]bool{"Throttles.Take": true, "Throttles.Wait": true, "Throttles.Return": true, "InTx": true, "Audit.Append": true, "Notices.Create": true, "Jobs.SendNotice": true}

func TestHTTP_NoOperationAsksTheStoreTheSameTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, _ := w.admin()
	ada := w.verified("ada@example.com")
	bob := w.verified("bob@example.com")
	self := w.login("ada@example.com", password)
	for _, op := range []struct{ token, method, path, body string }{
		{"", "POST", "/auth/signup", `{"email":"new@example.com","password":"correct horse battery"}`},
		{"", "POST", "/auth/resend", `{"email":"other@example.com"}`},
		{"", "POST", "/auth/verify", `{"email":"new@example.com","code":"000000"}`},
		{"", "POST", "/auth/login", `{"email":"bob@example.com","password":"` + password + `"}`},
		{"", "POST", "/auth/forgot-password", `{"email":"bob@example.com"}`},
		{"", "POST", "/auth/reset-password", `{"email":"bob@example.com","code":"000000","new_password":"battery staple horse"}`},
		{"", "POST", "/auth/refresh", `{"refresh_token":"` + self.RefreshToken + `"}`},
		{"", "POST", "/auth/refresh", `{"refresh_token":"` + self.RefreshToken + `"}`}, // a racing tab
		{self.AccessToken, "GET", "/users/me", ""},
		{self.AccessToken, "GET", "/users/me/sessions", ""},
		{self.AccessToken, "PATCH", "/users/" + ada.ID, `{"first_name":"Ada"}`},
		{self.AccessToken, "PATCH", "/users/" + ada.ID, `{"email":"lovelace@example.com","current_password":"` + password + `"}`},
		{self.AccessToken, "POST", "/users/me/email/confirm", `{"code":"000000"}`},
		{self.AccessToken, "PUT", "/users/me/password", `{"current_password":"` + password + `","new_password":"battery staple horse"}`},
		{boss, "GET", "/users", ""},
		{boss, "GET", "/users/" + ada.ID, ""},
		{boss, "GET", "/users/" + ada.ID + "/sessions", ""},
		{boss, "PATCH", "/users/" + bob.ID, `{"role":"admin","email":"robert@example.com"}`},
		{boss, "POST", "/users/" + bob.ID + "/block", `{}`},
		{boss, "POST", "/users/" + bob.ID + "/unblock", ""},
		{boss, "DELETE", "/users/" + bob.ID + "/sessions", ""},
		{boss, "DELETE", "/users/" + bob.ID, ""},
		{self.AccessToken, "POST", "/users/me/delete", `{"current_password":"battery staple horse"}`},
	} {
		before := w.store.Calls()
		if a := w.as(op.token, op.method, op.path, op.body); a.status >= http.StatusInternalServerError {
			t.Fatalf("%s %s: %d %s", op.method, op.path, a.status, a.body)
		}
		for name, calls := range w.store.Calls() {
			if n := calls - before[name]; n > 1 && !several[name] {
				t.Errorf("%s %s: %s %d times", op.method, strings.ReplaceAll(op.path, ada.ID, "{id}"), name, n)
			}
		}
	}
}
