package bootstrap

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

var adminAddress = regexp.MustCompile(`serving metrics.*?(127\.0\.0\.1:\d+)`)

func TestProfiles_AreServedOnTheirOwnAddressAndNotOnThePublicOne(t *testing.T) {
	t.Parallel()
	r, operators := startWithOperators(t, "PPROF=true")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1"} {
		if got := status(t, operators+path); got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
		if got := status(t, r.URL+path); got != http.StatusNotFound {
			t.Errorf("%s on the public address: %d", path, got)
		}
	}
	if got := status(t, r.URL+"/metrics"); got != http.StatusNotFound {
		t.Errorf("metrics on the public address: %d", got)
	}
	if got := status(t, operators+"/healthz"); got != http.StatusNotFound {
		t.Errorf("the API on the address of profiles: %d", got)
	}
}

func TestProfiles_AreNotServedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	r, operators := startWithOperators(t)
	for _, url := range []string{r.URL, operators} {
		if got := status(t, url+"/debug/pprof/"); got != http.StatusNotFound {
			t.Errorf("%s: %d", url, got)
		}
	}
}

// startWithOperators starts a server, and returns it and the address that is for its operators.
func startWithOperators(t *testing.T, settings ...string) (*Running, string) {
	t.Helper()
	var log lockedBuffer
	r, err := Start(t.Context(), local(t, append([]string{"ADMIN_ADDR=127.0.0.1:0"}, settings...)...), WithOutput(new(lockedBuffer), &log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	var found []string
	for wait := time.Now().Add(5 * time.Second); found == nil; time.Sleep(logDelay / 10) {
		if found = adminAddress.FindStringSubmatch(log.String()); found == nil && time.Now().After(wait) {
			t.Fatalf("no address in %q", log.String())
		}
	}
	return r, "http://" + found[1]
}

func TestProfiles_TakenAddressEndsTheStart(t *testing.T) {
	t.Parallel()
	r, err := Start(t.Context(), local(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Stop() }()
	_, err = Start(t.Context(), local(t, "PPROF=true", "ADMIN_ADDR="+strings.TrimPrefix(r.URL, "http://")))
	if err == nil || !strings.HasPrefix(err.Error(), "ADMIN_ADDR: ") {
		t.Errorf("got %v", err)
	}
}

func TestMetrics_TellWhatHappenedAndNoSecret(t *testing.T) {
	t.Parallel()
	r, operators := startWithOperators(t, "LIMIT_SIGNUPS_NETWORK=1/1h")
	post := func(path, body string) {
		res, err := http.Post(r.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	post("/auth/signup", `{"email":"ann@example.org","password":"a long password"}`)
	post("/auth/signup", `{"email":"bob@example.org","password":"a long password"}`)
	post("/auth/login", `{"email":"ann@example.org","password":"a wrong password"}`)
	status(t, r.URL+"/ann@example.org")
	var text string
	for wait := time.Now().Add(10 * time.Second); !strings.Contains(text, `coffeeshop_job_runs_total{kind="send_challenge",outcome="done"} 1`) || !strings.Contains(text, `coffeeshop_purged_rows_total{rows="audit_events"} 0`); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("no mail was counted in:\n%s", text)
		}
		res, err := http.Get(operators + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("answered %d, %v", res.StatusCode, err)
		}
		text = string(all)
	}
	for _, want := range []string{
		`coffeeshop_http_request_duration_seconds_count{method="POST",route="/auth/signup",status="201"} 1`,
		`coffeeshop_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`,
		`coffeeshop_logins_total{outcome="invalid_credentials"} 1`,
		`coffeeshop_throttled_requests_total{budget="signups_network"} 1`,
		`coffeeshop_hashes_waiting 0`, `coffeeshop_hashes_refused_total 0`, `coffeeshop_database_up 1`, `coffeeshop_database_connections_max`,
		`coffeeshop_sqlite_group_size_count`, `coffeeshop_sqlite_wait_seconds_count`, `coffeeshop_oldest_waiting_mail_seconds 0`,
		`coffeeshop_purged_rows_total{rows="sessions"} 0`, `coffeeshop_build_info{version="`, `go_goroutines`, `process_open_fds`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, file := range []string{"../deploy/prometheus/alerts.yml", "../deploy/grafana/coffeeshop.json"} {
		named, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(?:coffeeshop|process)_[a-z_]+`).FindAllString(string(named), -1) {
			if !strings.Contains(text, "\n"+name) {
				t.Errorf("%s names %s, which there is not", file, name)
			}
		}
	}
	for _, secret := range []string{"ann@", "example.org", "password\"", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("it tells %q", secret)
		}
	}
}

func TestMetrics_TheUsualAddressMayBeTaken(t *testing.T) {
	t.Parallel()
	for range 2 {
		r, err := Start(t.Context(), local(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Stop() })
	}
}
