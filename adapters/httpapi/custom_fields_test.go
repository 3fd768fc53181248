package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

type custom struct {
	Profile json.RawMessage
	AppData json.RawMessage `json:"app_data"`
}

func TestCustomFields_AreMergedByWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, _ := w.admin()
	ada := w.verified("ada@example.com")
	own := w.login("ada@example.com", password).AccessToken
	path := "/users/" + ada.ID
	check := func(profile, appData string) {
		t.Helper()
		for token, path := range map[string]string{own: "/users/me", admin: path} {
			var got custom
			w.as(token, "GET", path, "").want(t, 200, "").into(t, &got)
			if string(got.Profile) != profile || string(got.AppData) != appData {
				t.Errorf("%s has %s and %s, want %s and %s", path, got.Profile, got.AppData, profile, appData)
			}
		}
		var page struct{ Users []custom }
		w.as(admin, "GET", "/users?sort=email&limit=1", "").want(t, 200, "").into(t, &page)
		if string(page.Users[0].Profile) != profile || string(page.Users[0].AppData) != appData {
			t.Errorf("the list has %s and %s", page.Users[0].Profile, page.Users[0].AppData)
		}
	}
	check("null", "null")
	w.as(own, "PATCH", "/users/me", `{"profile":{"theme":"dark","n":1.10,"deep":{"a":[1,null,"x\ty\n"]}}}`).want(t, 200, "")
	check(`{"theme":"dark","n":1.10,"deep":{"a":[1,null,"x\ty\n"]}}`, "null")
	w.send("PATCH", path, `{"profile":{"n":null,"deep":{"b":true}},"app_data":{"plan":"gold"}}`, "Authorization", "Bearer "+admin,
		"Content-Type", "application/merge-patch+json").want(t, 200, "")
	check(`{"theme":"dark","deep":{"a":[1,null,"x\ty\n"],"b":true}}`, `{"plan":"gold"}`)
	for _, answer := range []answer{
		w.as(admin, "POST", path+"/block", "{}"), w.as(admin, "POST", path+"/unblock", ""),
		w.as(admin, "PATCH", path, `{"first_name":"Ada"}`),
	} {
		var got custom
		answer.want(t, 200, "").into(t, &got)
		if string(got.AppData) != `{"plan":"gold"}` {
			t.Errorf("an answer has %s", got.AppData)
		}
	}
	own = w.login("ada@example.com", password).AccessToken
	w.as(own, "PATCH", "/users/me", `{"app_data":{"plan":"free"}}`).want(t, 403, "app_data_change_denied")
	w.as(own, "PATCH", "/users/me", `{"app_data":null}`).want(t, 403, "app_data_change_denied")

	for body, location := range map[string]string{
		`{"profile":[]}`: "body.profile", `{"profile":"x"}`: "body.profile", `{"profile":{"a":"\u0000"}}`: "body.profile",
		`{"profile":{"a":"\r"}}`: "body.profile", `{"profile":{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}}`: "body.profile",
		fmt.Sprintf(`{"profile":{"a":%q}}`, strings.Repeat("x", 8200)): "body.profile", `{"profil":{}}`: "body.profil", `{"Profile":{}}`: "body.Profile",
	} {
		w.as(own, "PATCH", "/users/me", body).want(t, 422, "invalid_input", location)
	}
	for _, body := range []string{`{"profile":{"a":1,"a":2}}`, `{"profile":{"a":"\ud800"}}`, "{\"profile\":{\"a\":\"\xff\"}}", `{"profile":{"a":}}`} {
		w.as(own, "PATCH", "/users/me", body).want(t, 400, "malformed_json")
	}
	check(`{"theme":"dark","deep":{"a":[1,null,"x\ty\n"],"b":true}}`, `{"plan":"gold"}`)
	w.as(own, "PATCH", "/users/me", `{"profile":null}`).want(t, 200, "")
	check("null", `{"plan":"gold"}`)
	w.as(own, "PATCH", "/users/me", `{"profile":{}}`).want(t, 200, "")
	check("{}", `{"plan":"gold"}`)
	w.send("PATCH", "/users/me", "{}", "Authorization", "Bearer "+own, "Content-Type", "text/plain").want(t, 415, "unsupported_media_type")
	w.send("POST", "/auth/login", "{}", "Content-Type", "application/merge-patch+json").want(t, 415, "unsupported_media_type")
}
