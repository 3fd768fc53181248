package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

type listed struct {
	Users []user
	Next  *string `json:"next_cursor"`
}

func (w *world) users(token, query string) (page listed) {
	w.t.Helper()
	w.as(token, "GET", "/users?"+query, "").want(w.t, 200, "").into(w.t, &page)
	return page
}

func addresses(page listed) (all []string) {
	for _, u := range page.Users {
		all = append(all, u.Email)
	}
	return all
}

func TestListUsers_FiltersSortsAndSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, boss := w.admin()
	ada := w.verified("ada@example.com")
	bob := w.verified("Bob@example.com")
	w.as(admin, "PATCH", "/users/"+bob.ID, `{"first_name":"Борис","last_name":"ångström"}`).want(t, 200, "")
	w.as(admin, "POST", "/users/"+ada.ID+"/block", "{}").want(t, 200, "")
	w.post("/auth/signup", object("email", "cyd@example.com", "password", password)).want(t, 201, "")
	w.as(admin, "GET", "/users?legacy_id=", "").want(t, 422, "invalid_input", "query.legacy_id")
	w.as(admin, "GET", "/users?cursor=", "").want(t, 200, "")
	for query, want := range map[string][]string{
		"":                              {"cyd@example.com", "Bob@example.com", "ada@example.com", boss.Email},
		"sort=created_at":               {boss.Email, "ada@example.com", "Bob@example.com", "cyd@example.com"},
		"sort=email&limit=2":            {"ada@example.com", "Bob@example.com"},
		"status=unverified":             {"cyd@example.com"},
		"role=admin":                    {boss.Email},
		"blocked=true":                  {"ada@example.com"},
		"blocked=false&status=verified": {"Bob@example.com", boss.Email},
		"invited=true":                  nil,
		"invited=false&role=user":       {"cyd@example.com", "Bob@example.com", "ada@example.com"},
		"q=%D0%B1%D0%9E%D0%A0":          {"Bob@example.com"},
		"q=A%CC%8Angstr":                {"Bob@example.com"}, // an A and a ring of its own
		"q=BOB@":                        {"Bob@example.com"},
		"q=ad&role=user":                {"ada@example.com"},
		"q=example":                     nil,
		"legacy_id=17":                  nil,
	} {
		if got := addresses(w.users(admin, query)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if count := strings.Contains(query, "sort") || strings.Contains(query, "limit"); !count {
			a := w.as(admin, "GET", "/users/count?"+query, "").want(t, 200, "")
			if strings.TrimSpace(string(a.body)) != fmt.Sprintf(`{"count":%d,"exact":true}`, len(want)) {
				t.Errorf("%s: %s", query, a.body)
			}
		}
	}
	for query, location := range map[string]string{
		"q=a": "query.q", "q=": "", "q=%20a": "query.q", "q=a%00b": "query.q", "q=%ff%ff": "query.q", "q=" + strings.Repeat("a", 255): "query.q",
		"legacy_id=%00": "query.legacy_id", "blocked=yes": "query.blocked", "invited=1": "query.invited", "status=blocked": "query.status", "role=root": "query.role",
		"sort=id": "query.sort", "emial=x": "query.emial", "role=user&role=admin": "query.role", "limit=101": "query.limit",
	} {
		if location == "" {
			continue
		}
		w.as(admin, "GET", "/users?"+query, "").want(t, 422, "invalid_input", location)
		if !strings.HasPrefix(query, "sort") && !strings.HasPrefix(query, "limit") {
			w.as(admin, "GET", "/users/count?"+query, "").want(t, 422, "invalid_input", location)
		}
	}
	w.as(admin, "GET", "/users/count?sort=email", "").want(t, 422, "invalid_input", "query.sort")
}

func TestListUsers_LinkLeadsToTheNextPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, _ := w.admin()
	for i := range 5 {
		w.verified(fmt.Sprintf("u%d@example.com", i))
	}
	var got []string
	query := "limit=2&q=u1&role=user&sort=email"
	for range 9 {
		a := w.as(admin, "GET", "/users?"+strings.Replace(query, "q=u1", "status=verified", 1), "").want(t, 200, "")
		var page listed
		a.into(t, &page)
		got = append(got, addresses(page)...)
		link := a.header.Get("Link")
		if (link == "") != (page.Next == nil) {
			t.Fatalf("the link %q of %s", link, a.body)
		}
		if link == "" {
			break
		}
		inner, rel, _ := strings.Cut(strings.TrimPrefix(link, "<?"), ">")
		values, err := url.ParseQuery(inner)
		if err != nil || rel != `; rel="next"` || values.Get("cursor") != *page.Next || values.Get("role") != "user" || values.Get("limit") != "2" {
			t.Fatalf("the link is %s", link)
		}
		query = inner
	}
	if want := []string{"u0@example.com", "u1@example.com", "u2@example.com", "u3@example.com", "u4@example.com"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	next := *w.users(admin, "limit=2").Next
	w.as(admin, "GET", "/users?limit=3&cursor="+next, "").want(t, 200, "")
	for _, query := range []string{"role=user&cursor=" + next, "sort=email&cursor=" + next, "cursor=rubbish", "cursor=" + next[1:]} {
		w.as(admin, "GET", "/users?"+query, "").want(t, 400, "invalid_cursor")
	}
	own := w.login("u1@example.com", password).AccessToken
	w.as(own, "GET", "/users?cursor=rubbish", "").want(t, 403, "admin_only")
	w.as(own, "GET", "/users/count", "").want(t, 403, "admin_only")
}
