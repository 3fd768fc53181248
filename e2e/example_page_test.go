package e2e_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pageSite serves the page of docs/examples on a port of its own, for the service at the address that api returns.
func pageSite(t *testing.T, api func() string) *httptest.Server {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		text, err := os.ReadFile(filepath.Join("..", "docs", "examples", "page", name))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", map[string]string{".html": "text/html", ".js": "text/javascript", ".css": "text/css"}[filepath.Ext(name)])
		_, _ = w.Write([]byte(strings.ReplaceAll(string(text), "http://127.0.0.1:8000", api())))
	}))
	t.Cleanup(site.Close)
	return site
}

var pageLink = regexp.MustCompile(`http://\S+/verify\.html#\S+`)

// says waits until the page says something.
func says(text string) chromedp.Action[chromedp.Void] {
	return chromedp.PollFunction[chromedp.Void](`(text) => document.getElementById('message').textContent.includes(text)`, chromedp.WithPollingArgs(text))
}

// fill fills a form in and sends it.
func fill(form, email, secret string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		return chromedp.Void{}, chromedp.Do(ctx,
			chromedp.SetValue(chromedp.CSS(form+" [name=email]"), email),
			chromedp.SetValue(chromedp.CSS(form+" [name=password]"), secret),
			chromedp.Click(chromedp.CSS(form+" button")))
	}
}

func TestExamplePage_OnAnotherOriginSignsUpVerifiesByTheLinkLogsInRefreshesAndLogsOut(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	var s *service
	site := pageSite(t, func() string { return s.URL })
	s = start(t, map[string]string{"APP_NAME": "Ann's Bar", "CORS_ORIGINS": site.URL, "LINK_VERIFY_URL": site.URL + "/verify.html"})
	do := func(what string, ops ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, ops...); err != nil {
			text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
			t.Fatalf("%s: %v; the page shows %q", what, err, text)
		}
	}
	do("sign up", chromedp.Navigate(site.URL+"/index.html"), fill("#signup", "ada@example.com", password), says("A mail is on its way"))
	text := s.mail(t, "ada@example.com", 1)
	if !strings.Contains(text, "Ann's Bar") {
		t.Errorf("the mail does not name the app: %s", text)
	}
	link := pageLink.FindString(text)

	// A browser that did not sign up is asked for the password.
	other, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	defer cancel()
	if err := chromedp.Do(other, chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#proof")),
		chromedp.SetValue(chromedp.CSS("[name=password]"), "somebody else's"), chromedp.Click(chromedp.CSS("#verify button")), says("E-mail or password is wrong.")); err != nil {
		t.Errorf("another browser: %v", err)
	}
	do("log in before", fill("#login", "ada@example.com", password), says("The e-mail address is not verified yet."))

	do("verify", chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("#verify button")))
	if got, err := chromedp.Run(ctx, chromedp.Location()); err != nil || strings.Contains(got, "code") {
		t.Errorf("the address bar keeps %q, %v", got, err)
	}
	if shown, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!document.getElementById('proof').hidden`)); err != nil || shown {
		t.Errorf("the browser that signed up is asked for the password: %v, %v", shown, err)
	}
	do("confirm", chromedp.Click(chromedp.CSS("#verify button")), says("Your address is confirmed."))
	do("a wrong password", chromedp.Navigate(site.URL+"/index.html"), fill("#login", "ada@example.com", "wrong password"), says("E-mail or password is wrong."))
	do("log in", fill("#login", "ada@example.com", password), says("Logged in."), chromedp.WaitVisible(chromedp.CSS("#inside")))
	do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#inside")))
	if me, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("#me"))); err != nil || me != "ada@example.com" {
		t.Errorf("the page shows %q, %v", me, err)
	}
	do("refresh", chromedp.Click(chromedp.CSS("#refresh")), says("Refreshed."))
	// The session has ended elsewhere: the page logs out all the same.
	s.call(t, "POST", "/auth/logout-all", s.login(t, "ada@example.com", password).Access, nil).want(t, 200, "")
	do("log out", chromedp.Click(chromedp.CSS("#logout")), says("Logged out."), chromedp.WaitVisible(chromedp.CSS("#outside")))
}

func TestCORS_ABrowserKeepsPagesOfOtherOriginsAway(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	var s *service
	site := pageSite(t, func() string { return s.URL })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(site.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s = start(t, map[string]string{"CORS_ORIGINS": site.URL})
	fetches := func(from string) string {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(from+"/index.html")); err != nil {
			t.Fatal(err)
		}
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string](`fetch('`+s.URL+`/auth/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})
			.then(async (a) => a.status + ' ' + (await a.json()).code + ' ' + (a.headers.get('X-Request-Id') !== null), (e) => e.name)`, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	if got := fetches(site.URL); got != "422 invalid_input true" {
		t.Errorf("the configured origin reads %q", got)
	}
	if got := fetches("http://localhost:" + port); got != "TypeError" {
		t.Errorf("another origin reads %q", got)
	}
}
