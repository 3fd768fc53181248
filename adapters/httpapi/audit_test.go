package httpapi_test

import (
	"net/url"
	"slices"
	"testing"
	"time"
)

type auditEvent struct {
	ID        string
	At        time.Time
	ActorID   *string `json:"actor_id"`
	UserID    *string `json:"user_id"`
	Action    string
	IP        string
	RequestID string `json:"request_id"`
	Details   map[string]string
}

type auditPage struct {
	Events []auditEvent
	Next   *string `json:"next_cursor"`
}

func (w *world) auditPage(token, query string) (page auditPage) {
	w.t.Helper()
	w.as(token, "GET", "/audit-events?"+query, "").want(w.t, 200, "").into(w.t, &page)
	return page
}

func TestAuditEvents_AreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, boss := w.admin()
	ada := w.verified("ada@example.com")
	before := time.Now().UTC()
	w.as(admin, "POST", "/users/"+ada.ID+"/block", "{}").want(t, 200, "")
	w.as(admin, "POST", "/users/"+ada.ID+"/unblock", "").want(t, 200, "")
	own := w.login("ada@example.com", password).AccessToken
	w.as(own, "PATCH", "/users/me", `{"first_name":"Augusta"}`).want(t, 200, "")
	w.as(own, "GET", "/audit-events", "").want(t, 403, "admin_only")

	actions := func(page auditPage) (all []string) {
		for _, e := range page.Events {
			all = append(all, e.Action)
		}
		return all
	}
	since := "&since=" + url.QueryEscape(before.Format(time.RFC3339Nano))
	for query, want := range map[string][]string{
		"limit=1":                     {"user.updated"},
		"user_id=" + ada.ID + since:   {"user.updated", "session.started", "user.unblocked", "user.blocked"},
		"actor_id=" + boss.ID + since: {"user.unblocked", "user.blocked"},
		"actor_id=" + ada.ID + "&user_id=" + ada.ID + since:                        {"user.updated", "session.started"},
		"action=user.blocked":                                                      {"user.blocked"},
		"action=user.blocked&user_id=" + boss.ID:                                   nil,
		"until=0001-01-01T00:00:00Z":                                               nil,
		"action=admin.created&until=" + before.Format("2006-01-02") + "T00:00:00Z": nil,
	} {
		if got := actions(w.auditPage(admin, query)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	event := w.auditPage(admin, "action=user.blocked").Events[0]
	if *event.ActorID != boss.ID || *event.UserID != ada.ID || event.IP != "127.0.0.1" || event.RequestID == "" || event.Details == nil {
		t.Errorf("the event is %+v", event)
	}

	all := w.auditPage(admin, "limit=100")
	var got []string
	page := w.auditPage(admin, "limit=2")
	for got = actions(page); page.Next != nil; got = append(got, actions(page)...) {
		page = w.auditPage(admin, "limit=2&cursor="+*page.Next)
	}
	if !slices.Equal(got, actions(all)) {
		t.Errorf("paged %q, at once %q", got, actions(all))
	}
	next := *w.auditPage(admin, "limit=2").Next
	w.as(admin, "GET", "/audit-events?action=user.updated&cursor="+next, "").want(t, 400, "invalid_cursor")
	w.as(admin, "GET", "/users?cursor="+next, "").want(t, 400, "invalid_cursor")
	for query, location := range map[string]string{
		"actor_id=x": "query.actor_id", "user_id=%00": "query.user_id", "action=user.deletd": "query.action", "action=%00": "query.action",
		"since=yesterday": "query.since", "until=2026-01-01": "query.until", "since=10000-01-01T00:00:00Z": "query.since", "limit=0": "query.limit", "user_id=": "query.user_id", "until=": "query.until",
		"user_id=00000000-0000-0000-0000-000000000000": "query.user_id", "user=x": "query.user",
	} {
		w.as(admin, "GET", "/audit-events?"+query, "").want(t, 422, "invalid_input", location)
	}
	for _, query := range []string{"since=0000-01-01T00:00:00Z", "until=9999-12-31T23:59:59-14:00", "since=0001-01-01T00:00:00%2B14:00"} {
		w.auditPage(admin, query)
	}
}
