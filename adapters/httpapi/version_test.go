package httpapi_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestETag_IsTheVersionThatIfMatchTakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, _ := w.admin()
	ada := w.verified("ada@example.com")
	own := w.login("ada@example.com", password).AccessToken
	path := "/users/" + ada.ID
	change := func(token, method, path, body string, header ...string) answer {
		t.Helper()
		header = append(header, "Authorization", "Bearer "+token)
		if body != "" {
			header = append(header, "Content-Type", "application/json")
		}
		return w.send(method, path, body, header...)
	}
	tag := w.as(own, "GET", "/users/me", "").want(t, 200, "").header.Get("ETag")
	if tag != w.as(admin, "GET", path, "").want(t, 200, "").header.Get("ETag") {
		t.Error("the two readings differ")
	}
	if _, err := strconv.ParseUint(tag[1:len(tag)-1], 10, 63); err != nil || tag[0] != '"' || tag[len(tag)-1] != '"' {
		t.Fatalf("the tag is %s", tag)
	}

	for _, call := range []struct{ token, method, path, body string }{
		{own, "PATCH", "/users/me", `{"first_name":"A"}`},
		{admin, "PATCH", path, `{"first_name":"B"}`},
		{admin, "PATCH", path, `{"role":"user","first_name":"C"}`},
		{admin, "POST", path + "/unblock", ""},
	} {
		changed := change(call.token, call.method, call.path, call.body, "If-Match", tag).want(t, 200, "").header.Get("ETag")
		if changed == tag {
			t.Errorf("%s %s left the tag", call.method, call.path)
		}
		change(call.token, call.method, call.path, call.body, "If-Match", tag).want(t, 412, "version_conflict")
		tag = changed
	}
	for _, call := range []struct{ token, method, path, body string }{
		{own, "DELETE", "/users/me", object("current_password", password)},
		{own, "POST", "/users/me/delete", object("current_password", password)},
		{admin, "POST", path + "/block", "{}"},
		{admin, "DELETE", path, ""},
	} {
		change(call.token, call.method, call.path, call.body, "If-Match", `"0"`).want(t, 412, "version_conflict")
	}
	if got := w.as(admin, "GET", path, "").want(t, 200, "").header.Get("ETag"); got != tag {
		t.Errorf("refused changes made %s of %s", got, tag)
	}

	for value, status := range map[string]int{
		"*": 200, `"N"`: 200, `"0", "N"`: 200, `"0","N","x,y"`: 200, ` , "N" ,`: 200,
		`W/"N"`: 412, `"0N"`: 412, `"+N"`: 412, `"x"`: 412, `""`: 412,
		`N`: 422, `"`: 422, `"N" "0"`: 422, `"N", x`: 422, `*, "N"`: 422, ",": 422, `w/"N"`: 422, `"N`: 422,
	} {
		tag := w.as(admin, "GET", path, "").header.Get("ETag")
		value = strings.ReplaceAll(value, "N", strings.Trim(tag, `"`))
		if a := change(admin, "PATCH", path, `{"first_name":"C"}`, "If-Match", value); a.status != status {
			t.Errorf("If-Match: %s answered %s", value, a.body)
		}
	}
	tag = w.as(admin, "GET", path, "").header.Get("ETag")
	change(admin, "PATCH", path, `{"first_name":"D"}`, "If-Match", `"0"`, "If-Match", tag).want(t, 200, "")
	change(admin, "PATCH", path, `{"first_name":"E"}`, "If-Match", "x").want(t, 422, "invalid_input", "header.If-Match")
}
