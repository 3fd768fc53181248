package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser opens a headless browser with a profile of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("REQUIRE_BROWSER") == "1" {
			t.Fatal("no browser is installed")
		}
		t.Skip("no browser is installed: install chromium (apt-get install chromium) to run this test")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.WindowSize(1280, 1600),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

func TestBrowser_SwaggerUIAuthorizesAndShowsTheUser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	s := start(t, nil)
	const me = "#operations-users-get-me"
	const passwordForm = ".auth-container > div" // that of pasted tokens is a <form>
	err := chromedp.Do(ctx,
		chromedp.Navigate(s.URL+"/docs"),
		chromedp.Click(chromedp.CSS(".btn.authorize")),
		chromedp.SendKeys(chromedp.CSS("#oauth_username"), adminEmail),
		chromedp.SendKeys(chromedp.CSS("#oauth_password"), adminPassword),
		chromedp.Click(chromedp.CSS(passwordForm+" .modal-btn.authorize")),
		chromedp.WaitVisible(chromedp.CSS(passwordForm+" .modal-btn:not(.authorize)")), // it now says: Logout
		chromedp.Click(chromedp.CSS(".auth-btn-wrapper .btn-done")),
		chromedp.Click(chromedp.CSS(me+" .opblock-summary-control")),
		chromedp.Click(chromedp.CSS(me+" .try-out__btn")),
		chromedp.Click(chromedp.CSS(me+" .execute")),
		chromedp.WaitVisible(chromedp.CSS(me+" .live-responses-table .highlight-code")),
	)
	if dir := os.Getenv("BROWSER_SCREENSHOTS"); dir != "" {
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Error(err)
		}
		if err := os.WriteFile(dir+"/docs.png", picture, 0o600); err != nil {
			t.Error(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	shown, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(me+" .live-responses-table")))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(shown, adminEmail) {
		t.Errorf("shows %q", shown)
	}
}
