package bootstrap_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
)

func TestServe_ToldToStopTakesRequestsUntilLoadBalancersHaveNoticed(t *testing.T) {
	c := newSite(t).serve("SHUTDOWN_DELAY_SECONDS=2")
	c.signal(syscall.SIGTERM)
	get := func(path string) (status int, closes bool) {
		res, err := http.Get(c.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode, res.Close
	}
	c.until("/readyz fails", func() bool { status, _ := get("/readyz"); return status == 503 })
	if status, closes := get("/healthz"); status != 200 || !closes {
		t.Errorf("answered %d, connection closed: %t", status, closes)
	}
	c.want(422, "POST", "/auth/signup", "", fields{"email": "nobody"})
	if code := c.exit(); code != 0 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}

func TestServe_ASecondSignalEndsItAtOnce(t *testing.T) {
	c := newSite(t).serve("SHUTDOWN_DELAY_SECONDS=300")
	c.signal(syscall.SIGTERM)
	c.until("the first signal has been taken", func() bool { return strings.Contains(c.err.String(), "stopping") })
	c.signal(syscall.SIGTERM)
	if code := c.exit(); code == 0 {
		t.Error("the second signal ended it in order")
	}
}

// An outage is two lines of the log, however often it is tried again meanwhile.
func TestServe_AnOutageIsToldWhenItBeginsAndWhenItEnds(t *testing.T) {
	line := newLine(t, pgtest.New(t))
	c := newSite(t, "DATABASE_URL="+line.url, "APP_ENV=production", "AUTO_MIGRATE=true", "SECRET_KEY_GENERATE=true", "BCRYPT_COST=10",
		"SHUTDOWN_DELAY_SECONDS=0", "EMAIL_HOST=127.0.0.1", "EMAIL_PORT=1", "EMAIL_TLS=none", "EMAIL_FROM=us@example.org").serveInProduction()
	c.want(200, "GET", "/readyz", "", nil)
	line.cut()
	c.until("the outage is noticed", func() bool { return strings.Contains(c.err.String(), "does not answer") })
	time.Sleep(5 * time.Second) // of trying
	c.want(503, "GET", "/readyz", "", nil)
	line.mend()
	c.until("its end is noticed", func() bool { return strings.Contains(c.err.String(), "answers again") })
	c.stop(syscall.SIGTERM)
	var told []string
	for text := range strings.Lines(c.err.String()) {
		if !strings.Contains(text, `"level":"info"`) && !strings.Contains(text, `"msg":"request"`) {
			told = append(told, text)
		}
	}
	if all := strings.Join(told, ""); len(told) > 3 || strings.Contains(all, "stacktrace") { // the third: River's leader steps down
		t.Errorf("it told:\n%s", all)
	}
}
