package httpapi_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"coffeeshop/adapters/httpapi"
)

// secretText is what no answer and no log may repeat.
const secretText = "Tr0ub4dor-and-3"

func TestInput_RubbishGetsAProblemThatNeverRepeatsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signup := func(more string) string {
		return `{"email":"ada@example.com","password":"` + secretText + `"` + more + `}`
	}
	for _, c := range []struct {
		name, body     string
		status         int
		code, location string
	}{
		{"nothing", ``, 400, "malformed_json", "body"},
		{"white space", "  \n", 400, "malformed_json", "body"},
		{"not JSON", secretText, 400, "malformed_json", "body"},
		{"cut off", `{"password":"` + secretText, 400, "malformed_json", "body"},
		{"trailing garbage", signup(``) + `x`, 400, "malformed_json", "body"},
		{"a second value", signup(``) + signup(``), 400, "malformed_json", "body"},
		{"trailing comma", `{"password":"` + secretText + `",}`, 400, "malformed_json", "body"},
		{"a comment", `{/**/}`, 400, "malformed_json", "body"},
		{"deep nesting", strings.Repeat("[", 30000), 400, "malformed_json", "body"},
		{"deep nesting, closed", strings.Repeat("[", 9000) + strings.Repeat("]", 9000), 422, "invalid_input", "body"},
		{"a huge number", `{"email":1e999999,"password":"` + secretText + `"}`, 400, "malformed_json", ""},
		{"null", `null`, 422, "invalid_input", "body"},
		{"an array", `["` + secretText + `"]`, 422, "invalid_input", "body"},
		{"a string", `"` + secretText + `"`, 422, "invalid_input", "body"},
		{"a number", `1`, 422, "invalid_input", "body"},
		{"no members", `{}`, 422, "invalid_input", "body.email"},
		{"no password", `{"email":"ada@example.com"}`, 422, "invalid_input", "body.password"},
		{"unknown property", signup(`,"admin":true`), 422, "invalid_input", "body.admin"},
		{"unknown property with a wild name", signup(`,"a b.<script>":1`), 422, "invalid_input", "body"},
		{"empty property name", signup(`,"":1`), 422, "invalid_input", ""},
		{"other case", `{"email":"ada@example.com","Password":"` + secretText + `"}`, 422, "invalid_input", "body.password"},
		{"other case beside it", signup(`,"PASSWORD":"` + secretText + `"`), 422, "invalid_input", "body.PASSWORD"},
		{"twice", signup(`,"password":"` + secretText + `"`), 400, "malformed_json", "body.password"},
		{"twice by an escape", signup(`,"p\u0061ssword":"` + secretText + `"`), 400, "malformed_json", "body.password"},
		{"wrong type", `{"email":"ada@example.com","password":["` + secretText + `"]}`, 422, "invalid_input", "body.password"},
		{"number for text", `{"email":12,"password":"` + secretText + `"}`, 422, "invalid_input", "body.email"},
		{"null password", `{"email":"ada@example.com","password":null}`, 422, "invalid_input", "body.password"},
		{"null email", `{"email":null,"password":"` + secretText + `"}`, 422, "invalid_input", "body.email"},
		{"short password", `{"email":"ada@example.com","password":"` + secretText[:7] + `"}`, 422, "invalid_input", "body.password"},
		{"long password", `{"email":"ada@example.com","password":"` + strings.Repeat(secretText, 100) + `"}`, 422, "invalid_input", "body.password"},
		{"long password of few letters", `{"email":"ada@example.com","password":"` + strings.Repeat("я", 600) + `"}`, 422, "invalid_input", "body.password"},
		{"no address", `{"email":"` + secretText + `","password":"` + secretText + `"}`, 422, "invalid_input", "body.email"},
		{"long address", `{"email":"` + strings.Repeat("a", 300) + `@example.com","password":"` + secretText + `"}`, 422, "invalid_input", "body.email"},
		{"long name", signup(`,"first_name":"` + strings.Repeat("a", 101) + `"`), 422, "invalid_input", "body.first_name"},
		{"line break in a name", signup(`,"last_name":"a\r\nBcc: x"`), 422, "invalid_input", "body.last_name"},
		{"line separator in a name", signup(`,"last_name":"a\u2028b"`), 422, "invalid_input", "body.last_name"},
		{"NUL in a password", `{"email":"ada@example.com","password":"` + secretText + `\u0000"}`, 422, "invalid_input", "body.password"},
		{"bare control character", `{"email":"ada@example.com","password":"` + secretText + "\x01" + `"}`, 400, "malformed_json", ""},
		{"invalid UTF-8", `{"email":"ada@example.com","password":"` + secretText + "\xff" + `"}`, 400, "malformed_json", "body"},
		{"overlong UTF-8", `{"email":"ada@example.com","password":"` + secretText + "\xc0\x80" + `"}`, 400, "malformed_json", "body"},
		{"half a surrogate pair", `{"email":"ada@example.com","password":"` + secretText + `\ud800"}`, 400, "malformed_json", ""},
		{"byte order mark", "\ufeff" + signup(``), 400, "malformed_json", ""},
	} {
		a := w.post("/auth/signup", c.body)
		if strings.Contains(string(a.body), secretText) {
			t.Errorf("%s: the answer repeats the password: %s", c.name, a.body)
		}
		if p := a.problem(); a.status != c.status || p.Code != c.code || c.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != c.location) {
			t.Errorf("%s: got %d %s, want %d %s at %s", c.name, a.status, a.body, c.status, c.code, c.location)
		}
	}
	w.post("/auth/verify", object("email", "ada@example.com", "code", "123456", "id", "urn:uuid:"+secretText[:9])).want(t, 422, "invalid_input", "body.id")
	a := w.post("/auth/verify", object("email", "ada@example.com", "code", "123456", "id", strings.Repeat(secretText, 3))).want(t, 422, "invalid_input", "body.id")
	if strings.Contains(string(a.body), "Tr0ub") {
		t.Errorf("the answer repeats the input: %s", a.body)
	}
	w.post("/auth/verify", `{"email":"ada@example.com","code":"123456","id":null}`).want(t, 422, "invalid_input", "body.id")
	if strings.Contains(w.log.String(), "Tr0ub") || strings.Contains(w.log.String(), "ada@example.com") {
		t.Error("the log repeats the input")
	}
	if events := w.events(); len(events) != 0 {
		t.Errorf("%d events of refused input", len(events))
	}
}

func TestInput_NoOperationTakesAPropertyThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.admin()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct{ Content map[string]any }
		}
	}
	w.send("GET", "/openapi.json", "").into(t, &doc)
	tried := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.RequestBody.Content["application/json"] == nil {
				continue
			}
			tried++
			a := w.as(token, strings.ToUpper(method), strings.ReplaceAll(path, "{id}", "0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f"), `{"surprise":1}`)
			if a.status != 422 || !strings.Contains(string(a.body), `"body.surprise"`) {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	if tried < 12 {
		t.Errorf("tried %d operations", tried)
	}
}

func TestInput_NullNamesAtSignUpAreNoNames(t *testing.T) {
	t.Parallel()
	newWorld(t).post("/auth/signup", `{"email":"ada@example.com","password":"`+password+`","first_name":null}`).want(t, 201, "")
}

func TestInput_RubbishInEveryOtherOperationIsTheCallersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _ := w.admin()
	bodies := []string{``, `null`, `[]`, `{`, `{}`, `"x"`, `{"email":[]}`, `{"refresh_token":{}}`, `{"code":1}`, "\xff", `{"a":"\u0000"}`}
	paths := []string{"/auth/verify", "/auth/resend", "/auth/login", "/auth/refresh", "/auth/logout", "/auth/token", "/users/x", "/users/me", "/users/%00", "/users/" + strings.Repeat("a", 5000)}
	for _, path := range paths {
		for _, body := range bodies {
			for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
				a := w.as(token, method, path, body)
				if path == "/users/me" && method == "PATCH" && (body == "" || body == "{}") {
					continue // it changes nothing
				}
				if a.status < 400 || a.status >= 500 || a.problem().Code == "" {
					t.Errorf("%s %.40s %q: %d %s", method, path, body, a.status, a.body)
				}
			}
		}
	}
	for _, refresh := range []string{"", "x", "a.b.c", strings.Repeat("a", 60000), "é", "eyJhbGciOiJub25lIn0.e30."} {
		w.post("/auth/refresh", object("refresh_token", refresh)).want(t, 401, "token_malformed")
		w.post("/auth/logout", object("refresh_token", refresh)).want(t, 401, "token_malformed")
	}
	for _, id := range []string{"x", "0198c7a07a4e7cc18a6e1f2b3c4d5e6f", "%7B0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f%7D", "0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6g"} {
		w.as(token, "GET", "/users/"+id, "").want(t, 422, "invalid_input", "path.id")
	}
}

func TestInput_MediaTypesAndEncodings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := object("email", "ada@example.com", "password", password)
	for _, mediaType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/merge-patch+json", "application/cbor", "nonsense;;;", "json"} {
		w.send("POST", "/auth/signup", body, "Content-Type", mediaType).want(t, 415, "unsupported_media_type")
	}
	for _, encoding := range []string{"gzip", "br", "identity", "deflate, br", "zstd"} {
		w.post("/auth/signup", "\x1f\x8b\x08", "Content-Encoding", encoding).want(t, 415, "content_encoding_unsupported")
		w.send("GET", "/healthz", "", "Content-Encoding", encoding).want(t, 415, "content_encoding_unsupported")
	}
	w.post("/auth/signup", body, "Content-Encoding", "", "Content-Encoding", "br").want(t, 415, "content_encoding_unsupported")
	for i, mediaType := range []string{"application/json", "Application/JSON", "application/json; charset=UTF-8", "application/json;charset=utf-8"} {
		w.send("POST", "/auth/signup", object("email", fmt.Sprintf("u%d@example.com", i), "password", password), "Content-Type", mediaType).want(t, 201, "")
	}
	for _, accept := range []string{"text/html", "application/cbor", "*/*", "json", "application/problem+json", ";;;"} {
		a := w.send("GET", "/healthz", "", "Accept", accept).want(t, 200, "")
		if got := a.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Accept %s got %s", accept, got)
		}
	}
}

func TestInput_SizesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fits := object("email", "a@example.com", "password", password, "first_name", strings.Repeat("x", 60000))
	w.post("/auth/signup", fits).want(t, 422, "invalid_input", "body.first_name")
	large := object("email", "a@example.com", "password", password, "first_name", strings.Repeat("x", 65<<10))
	got := w.raw(fmt.Sprintf("POST /auth/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(large), large[:100]))
	if !strings.HasPrefix(got, "HTTP/1.1 413") || !strings.Contains(got, `"body_too_large"`) || !strings.Contains(got, "application/problem+json") {
		t.Errorf("a large body got %s", got)
	}
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(large), large)
	got = w.raw("POST /auth/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
	if !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("a large chunk got %.300s", got)
	}
	got = w.raw("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 9<<10) + "\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 431") || !strings.Contains(got, `"header_too_large"`) {
		t.Errorf("a large header got %.300s", got)
	}
	got = w.raw(secretText + " is no HTTP\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 400") || !strings.Contains(got, `"malformed_request"`) || strings.Contains(got, secretText) {
		t.Errorf("no HTTP got %s", got)
	}
	if !utf8.ValidString(w.log.String()) || strings.Contains(w.log.String(), secretText) {
		t.Error("the log repeats the request")
	}
}

// FuzzSignUpBody: whatever is sent, it is never the service's fault, and never repeated.
func FuzzSignUpBody(f *testing.F) {
	w := newWorld(f)
	for _, seed := range []string{
		``, `{}`, `null`, `{"email":"a@b.example","password":"longenough"}`, `{"email":"a@b.example","password":"longenough","first_name":null}`,
		`{"email":"a@b.example","email":1}`, `{"password":"\u0000\ud800"}`, "{\"email\":\"\xff\"}", `[[[[`, `{"Email":"a@b.example"}`, `1e400`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := w.in(t)
		a := w.post("/auth/signup", string(body))
		if a.status >= 500 || a.status < 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a.status != 201 && a.problem().Code == "" {
			t.Fatalf("no problem: %d %s", a.status, a.body)
		}
	})
}

// FuzzRefreshTokenBodies: the same for what buys tokens and ends sessions.
func FuzzRefreshTokenBodies(f *testing.F) {
	w := newWorld(f)
	for _, seed := range []string{
		`{}`, `{"refresh_token":"a.b.c"}`, `{"refresh_token":null}`, `{"refresh_token":"a","refresh_token":"b"}`, `{"refresh_token":["a"]}`,
		`{"refresh_token":"eyJhbGciOiJub25lIn0.e30."}`, `{"Refresh_Token":"a"}`, "{\"refresh_token\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := w.in(t)
		for _, path := range []string{"/auth/refresh", "/auth/logout"} {
			if a := w.post(path, string(body)); a.status < 400 || a.status >= 500 || a.problem().Code == "" {
				t.Fatalf("%s: %d %s", path, a.status, a.body)
			}
		}
	})
}

func TestInput_AllFaultyFieldsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, boss := w.admin()
	for _, c := range []struct {
		method, path, body string
		want               []string
	}{
		{"POST", "/auth/signup", `{"email":"nobody","password":"short","first_name":"a\u0007","last_name":"` + strings.Repeat("a", 101) + `","x":1}`,
			[]string{"body.first_name", "body.password", "body.last_name", "body.x", "body.email"}},
		{"POST", "/auth/signup?a=1", `{"email":null,"password":"` + strings.Repeat("я", 600) + `"}`, []string{"query.a", "body.email", "body.password"}},
		{"POST", "/auth/reset-password", `{"email":"nobody","new_password":null}`, []string{"body.new_password", "body.code", "body.email"}},
		{"PATCH", "/users/" + boss.ID, `{"email":"nobody","role":"king","locale":"EN"}`, []string{"body.role", "body.email", "body.locale"}},
		{"PUT", "/users/me/password", `{"new_password":"short"}`, []string{"body.new_password", "body.current_password"}},
	} {
		p := w.as(token, c.method, c.path, c.body).want(t, 422, "invalid_input").problem()
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Location)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s %s: told %v, want %v", c.method, c.path, c.body, got, c.want)
		}
	}
	if p := w.post("/auth/signup", `["`+strings.Repeat(`\u0001","`, 5000)+`"]`).problem(); len(p.Errors) > 64 {
		t.Errorf("%d faults are told", len(p.Errors))
	}
}

func TestInput_AnEmptyBodyIsTakenWhereEveryFieldIsOptional(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, boss := w.admin()
	ada := w.verified("ada@example.com")
	w.send("POST", "/users/"+ada.ID+"/block", "", "Authorization", "Bearer "+token).want(t, 200, "")
	w.send("PATCH", "/users/"+boss.ID, "", "Authorization", "Bearer "+token).want(t, 200, "")
	w.send("POST", "/auth/login", "").want(t, 415, "unsupported_media_type")
	var doc struct {
		Paths map[string]map[string]struct{ RequestBody struct{ Required bool } }
	}
	w.send("GET", "/openapi.json", "").into(t, &doc)
	if doc.Paths["/users/{id}/block"]["post"].RequestBody.Required || !doc.Paths["/auth/login"]["post"].RequestBody.Required {
		t.Error("the document says otherwise")
	}
}

func TestInput_A415SaysWhatIsTakenAndWhatCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for came, said := range map[string]string{
		"text/plain": "application/json in UTF-8, and text/plain came", "application/json; charset=latin1": "and application/json; charset=latin1 came",
		"": "and none came", "text/<" + secretText + ">": "and another one came", strings.Repeat("a", 200): "and another one came",
	} {
		p := w.send("POST", "/auth/login", `{}`, "Content-Type", came).want(t, 415, "unsupported_media_type").problem()
		if !strings.Contains(p.Detail, said) {
			t.Errorf("%q: %q", came, p.Detail)
		}
	}
	p := w.send("POST", "/auth/login", `{}`, "Content-Type", "application/json", "Content-Encoding", "gzip").want(t, 415, "content_encoding_unsupported").problem()
	if !strings.Contains(p.Detail, "gzip came") {
		t.Error(p.Detail)
	}
}

// A deep body costs about what a flat one of its length costs: nothing is done at each member that grows with the depth.
func TestInput_ADeepBodyIsNotDear(t *testing.T) { //nolint:paralleltest // it counts the bytes that the process allocates
	allocated := func(body string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		httpapi.InspectBody([]byte(body))
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, member := range []string{`"\u007f"`, `null`, `"a"`} {
		members := strings.TrimSuffix(strings.Repeat(member+",", 5000), ",")
		flat := allocated("[" + members + "]")
		deep := allocated(strings.Repeat("[", 4000) + members + strings.Repeat("]", 4000))
		if deep > 8*flat+(4<<20) {
			t.Errorf("%s: %d bytes for a deep body, %d for a flat one", member, deep, flat)
		}
	}
}
