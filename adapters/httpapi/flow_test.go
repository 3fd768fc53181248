package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"coffeeshop/domain"
)

func TestMainFlow_FromSignUpToLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var u user
	a := w.post("/auth/signup", object("email", "ada@example.com", "password", password, "first_name", "Ada")).want(t, 201, "")
	a.into(t, &u)
	if u.ID == "" || u.Email != "ada@example.com" || u.Status != "unverified" || u.Role != "user" || u.FirstName == nil || u.LastName != nil {
		t.Errorf("signed up as %s", a.body)
	}
	if !strings.Contains(string(a.body), `"last_name":null`) || strings.Contains(string(a.body), "$schema") {
		t.Errorf("signed up as %s", a.body)
	}
	w.post("/auth/login", object("email", u.Email, "password", password)).want(t, 403, "account_unverified")
	w.deliver()
	w.post("/auth/verify", object("email", u.Email, "code", "000000x")).want(t, 422, "invalid_code")
	w.post("/auth/verify", object("email", u.Email, "code", w.mails.code(), "id", u.ID)).want(t, 200, "")
	denied := w.post("/auth/login", object("email", u.Email, "password", password+"!")).want(t, 401, "invalid_credentials")
	if got := denied.header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate %q", got)
	}
	var first, second tokens
	in := w.post("/auth/login", object("email", u.Email, "password", password)).want(t, 200, "")
	in.into(t, &first)
	if first.TokenType != "bearer" || first.ExpiresIn != 1800 || in.header.Get("Cache-Control") != "no-store" {
		t.Errorf("logged in with %s, Cache-Control %q", in.body, in.header.Get("Cache-Control"))
	}
	w.as(first.AccessToken, "GET", "/users/me", "").want(t, 200, "").into(t, &u)
	if u.Status != "verified" {
		t.Errorf("the caller is %s", u.Status)
	}
	again := w.post("/auth/refresh", object("refresh_token", first.RefreshToken)).want(t, 200, "")
	again.into(t, &second)
	if second.RefreshToken == first.RefreshToken || again.header.Get("Cache-Control") != "no-store" {
		t.Error("the refresh token did not rotate, or may be cached")
	}
	w.post("/auth/refresh", object("refresh_token", second.AccessToken)).want(t, 401, "token_wrong_scope")
	w.post("/auth/logout", object("refresh_token", second.RefreshToken)).want(t, 200, "")
	w.post("/auth/logout", object("refresh_token", second.RefreshToken)).want(t, 401, "token_revoked")
	ended := w.as(second.AccessToken, "GET", "/users/me", "").want(t, 401, "session_ended")
	if got := ended.header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
		t.Errorf("WWW-Authenticate %q", got)
	}
}

func TestResend_AnswersAlikeForKnownAndUnknownAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post("/auth/signup", object("email", "ada@example.com", "password", password)).want(t, 201, "")
	known := w.post("/auth/resend", object("email", "ada@example.com")).want(t, 202, "")
	unknown := w.post("/auth/resend", object("email", "nobody@example.com")).want(t, 202, "")
	if string(known.body) != string(unknown.body) {
		t.Errorf("%s and %s", known.body, unknown.body)
	}
}

func TestSignUp_PicksTheLanguageOfMailsFromAcceptLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, c := range []struct {
		header string
		want   domain.Locale
	}{
		{"", domain.LocaleEnglish},
		{"ru", domain.LocaleRussian},
		{"ru-RU,ru;q=0.9,en;q=0.5", domain.LocaleRussian},
		{"de, ru;q=0.5", domain.LocaleRussian},
		{"en-GB, ru;q=0.5", domain.LocaleEnglish},
		{"ja", domain.LocaleEnglish},
		{";;;=\"", domain.LocaleEnglish},
		{strings.Repeat("ru-", 2000), domain.LocaleEnglish},
	} {
		w.post("/auth/signup", object("email", fmt.Sprintf("u%d@example.com", i), "password", password), "Accept-Language", c.header).want(t, 201, "")
		w.deliver()
		if w.mails.locale != c.want {
			t.Errorf("%.40q got %s, want %s", c.header, w.mails.locale, c.want)
		}
	}
}

func TestUsers_AdminsManageThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, boss := w.admin()
	ada := w.verified("ada@example.com")
	hers := w.login("ada@example.com", password).AccessToken

	w.as(token, "GET", "/users/"+ada.ID, "").want(t, 200, "")
	w.as(hers, "GET", "/users/"+ada.ID, "").want(t, 403, "admin_only")
	w.as(hers, "GET", "/users", "").want(t, 403, "admin_only")
	w.as(token, "GET", "/users/0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f", "").want(t, 404, "user_not_found")
	w.as(hers, "PATCH", "/users/"+boss.ID, `{"first_name":"X"}`).want(t, 403, "not_your_account")
	w.as(hers, "PATCH", "/users/"+ada.ID, `{"role":"admin"}`).want(t, 403, "role_change_denied")
	w.as(hers, "PATCH", "/users/"+ada.ID, `{"email":"new@example.com"}`).want(t, 403, "password_required")
	w.as(token, "PATCH", "/users/"+boss.ID, `{"role":"user"}`).want(t, 409, "last_admin")
	w.as(token, "PATCH", "/users/"+ada.ID, `{"email":"BOSS@example.com"}`).want(t, 409, "email_taken")
	w.as(token, "PATCH", "/users/"+ada.ID, `{"email":"not an address"}`).want(t, 422, "invalid_input", "body.email")

	deleted := w.as(token, "DELETE", "/users/"+ada.ID, "").want(t, 204, "")
	if len(deleted.body) != 0 {
		t.Errorf("deleted with %s", deleted.body)
	}
	w.as(hers, "GET", "/users/me", "").want(t, 401, "session_ended")
	w.as(token, "DELETE", "/users/"+ada.ID, "").want(t, 404, "user_not_found")
}

func TestUpdateUser_MergesAndNullClearsANameOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.verified("ada@example.com")
	token := w.login("ada@example.com", password).AccessToken
	for _, c := range []struct{ body, first, last string }{
		{`{"last_name":"King"}`, "Ada", "King"},
		{`{}`, "Ada", "King"},
		{`{"first_name":null}`, "", "King"},
		{`{"first_name":"Augusta","last_name":null}`, "Augusta", ""},
		{`{"first_name":""}`, "", ""},
	} {
		var u user
		w.as(token, "PATCH", "/users/"+ada.ID, c.body).want(t, 200, "").into(t, &u)
		if text(u.FirstName) != c.first || text(u.LastName) != c.last || u.FirstName != nil && *u.FirstName == "" {
			t.Errorf("%s made %q %q", c.body, text(u.FirstName), text(u.LastName))
		}
	}
	w.as(token, "PATCH", "/users/"+ada.ID, `{"email":null}`).want(t, 422, "invalid_input", "body.email")
	w.as(token, "PATCH", "/users/"+ada.ID, `{"role":null}`).want(t, 422, "invalid_input", "body.role")
	w.as(token, "PATCH", "/users/"+ada.ID, `{"role":"boss"}`).want(t, 422, "invalid_input", "body.role")
	w.as(token, "PATCH", "/users/"+ada.ID, `{"first_name":`+object("x", strings.Repeat("я", 101))[5:]).want(t, 422, "invalid_input", "body.first_name")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestListUsers_GoesPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.admin()
	for i := range 4 {
		w.post("/auth/signup", object("email", fmt.Sprintf("u%d@example.com", i), "password", password)).want(t, 201, "")
	}
	type page struct {
		Users []user
		Next  *string `json:"next_cursor"`
	}
	var emails []string
	path := "/users?limit=2"
	for range 3 {
		var p page
		w.as(token, "GET", path, "").want(t, 200, "").into(t, &p)
		for _, u := range p.Users {
			emails = append(emails, u.Email)
		}
		if p.Next == nil {
			break
		}
		path = "/users?limit=2&cursor=" + *p.Next
	}
	if got := strings.Join(emails, " "); got != "u3@example.com u2@example.com u1@example.com u0@example.com boss@example.com" {
		t.Errorf("listed %s", got)
	}
	var all page
	last := w.as(token, "GET", "/users", "").want(t, 200, "")
	if last.into(t, &all); len(all.Users) != 5 || !strings.Contains(string(last.body), `"next_cursor":null`) {
		t.Errorf("the only page is %s", last.body)
	}
	for query, location := range map[string]string{
		"limit=0": "query.limit", "limit=101": "query.limit", "limit=x": "query.limit", "limit=99999999999999999999": "query.limit",
		"email=" + secretText: "query.email", "limit=2&limit=3": "query.limit", secretText + "%00=1": "query",
	} {
		if a := w.as(token, "GET", "/users?"+query, "").want(t, 422, "invalid_input", location); strings.Contains(string(a.body), secretText) {
			t.Errorf("%s: the answer repeats the value: %s", query, a.body)
		}
	}
}

func TestMe_StandsForTheCallersIDWhereverAUserMayActOnItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair, other := w.login("ada@example.com", password), w.login("ada@example.com", password)
	var u user
	w.as(pair.AccessToken, "PATCH", "/users/me", `{"first_name":"Countess"}`).want(t, 200, "").into(t, &u)
	if text(u.FirstName) != "Countess" {
		t.Errorf("changed to %q", text(u.FirstName))
	}
	w.as(pair.AccessToken, "PATCH", "/users/me", `{"role":"admin"}`).want(t, 403, "role_change_denied")
	w.as(pair.AccessToken, "PATCH", "/users/me", `{"email":"king@example.com"}`).want(t, 403, "password_required")
	w.as(other.AccessToken, "DELETE", "/users/me/sessions", "").want(t, 204, "")
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 401, "session_ended")

	pair = w.login("ada@example.com", password)
	w.as(pair.AccessToken, "DELETE", "/users/me", "").want(t, 415, "unsupported_media_type")
	w.as(pair.AccessToken, "DELETE", "/users/me", `{"current_password":"wrong password"}`).want(t, 403, "wrong_password")
	w.as(pair.AccessToken, "DELETE", "/users/me", object("current_password", password)).want(t, 204, "")
	w.as(pair.AccessToken, "GET", "/users/me", "").want(t, 401, "session_ended")
	for path, allowed := range map[string]string{"/users/me": "GET, HEAD, PATCH, DELETE", "/users/me/sessions": "GET, HEAD, DELETE"} {
		got := strings.Split(w.send("OPTIONS", path, "").want(t, 204, "").header.Get("Allow"), ", ")
		for method := range strings.SplitSeq(allowed, ", ") {
			if !slices.Contains(got, method) {
				t.Errorf("OPTIONS %s allows %v", path, got)
			}
		}
	}
}
