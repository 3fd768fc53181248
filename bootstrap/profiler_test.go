package bootstrap

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var adminAddress = regexp.MustCompile(`serving profiles.*?(127\.0\.0\.1:\d+)`)

func TestProfiles_AreServedOnTheirOwnAddressAndNotOnThePublicOne(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	r, err := Start(t.Context(), local(t, "PPROF=true", "ADMIN_ADDR=127.0.0.1:0"), WithOutput(new(lockedBuffer), &log))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	}()
	var found []string
	for wait := time.Now().Add(5 * time.Second); found == nil; time.Sleep(logDelay / 10) {
		if found = adminAddress.FindStringSubmatch(log.String()); found == nil && time.Now().After(wait) {
			t.Fatalf("no address in %q", log.String())
		}
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1"} {
		if got := status(t, "http://"+found[1]+path); got != http.StatusOK {
			t.Errorf("%s: %d", path, got)
		}
		if got := status(t, r.URL+path); got != http.StatusNotFound {
			t.Errorf("%s on the public address: %d", path, got)
		}
	}
	if got := status(t, "http://"+found[1]+"/healthz"); got != http.StatusNotFound {
		t.Errorf("the API on the address of profiles: %d", got)
	}
}

func TestProfiles_AreNotServedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:0"} {
		var log lockedBuffer
		r, err := Start(t.Context(), local(t, "ADMIN_ADDR="+address), WithOutput(new(lockedBuffer), &log))
		if err != nil {
			t.Fatal(err)
		}
		if got := status(t, r.URL+"/debug/pprof/"); got != http.StatusNotFound {
			t.Errorf("on the public address: %d", got)
		}
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "profiles") {
			t.Errorf("served: %s", log.String())
		}
	}
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
