package bootstrap

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/zap"

	"coffeeshop/application"
	"coffeeshop/bootstrap/config"
)

func TestGraph_IsCompleteForEveryCommand(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]fx.Option{
		"serve":   fx.Options(serving, fx.Supply(fx.Annotate(&net.TCPListener{}, fx.As(new(net.Listener)))), fx.Populate(new(*server))),
		"migrate": fx.Options(migrating, fx.Populate(new(*database))),
		"admin":   fx.Options(managing, fx.Populate(new(*application.App))),
	} {
		if err := fx.ValidateApp(graph(config.Config{}, process{}), options); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := fx.ValidateApp(graph(config.Config{}, process{}), fx.Invoke(func(http.Handler) {})); err == nil {
		t.Error("what nobody makes was not missed")
	}
}

const secret = "0123456789abcdef0123456789abcdef"

// local is the environment of a server of its own, with more variables.
func local(t *testing.T, pairs ...string) map[string]string {
	environ := map[string]string{"HTTP_ADDR": "127.0.0.1:0", "DATA_DIR": filepath.Join(t.TempDir(), "data"), "BCRYPT_COST": "4"}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ
}

func status(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestStart_ServesInThisProcess(t *testing.T) {
	t.Parallel()
	var out, log lockedBuffer
	var asked atomic.Bool
	now := func() time.Time { asked.Store(true); return time.Now() }
	r, err := Start(t.Context(), local(t), WithOutput(&out, &log), WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/dev/mailbox": 200, "/users/me": 401} {
		if got := status(t, r.URL+path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if err := health(t.Context(), strings.TrimPrefix(r.URL, "http://")); err != nil {
		t.Errorf("health: %v", err)
	}
	if code := post(t, r.URL+"/auth/resend", map[string]string{"email": "a@b.example"}); code != 202 {
		t.Errorf("resend: %d", code)
	}
	for _, want := range []string{r.URL + "\n", r.URL + "/docs\n", r.URL + "/dev/mailbox\n", "SQLite, " + r.Config.SQLitePath() + "\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not told: %s", want, out.String())
		}
	}
	if !asked.Load() {
		t.Error("nobody asked the clock")
	}
	if err := r.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := health(t.Context(), strings.TrimPrefix(r.URL, "http://")); err == nil {
		t.Error("it answers after its end")
	}
}

func TestStart_ProductionTellsItsPlacesInTheLogAndHidesTheMailbox(t *testing.T) {
	t.Parallel()
	var out, log lockedBuffer
	r, err := Start(t.Context(), local(t, "APP_ENV=production", "SECRET_KEY="+secret, "EMAIL_HOST=127.0.0.1", "EMAIL_FROM=a@b.example",
		"AUTO_MIGRATE=true", "BCRYPT_COST=10"), WithOutput(&out, &log))
	if err != nil {
		t.Fatal(err)
	}
	if got := status(t, r.URL+"/dev/mailbox"); got != 404 {
		t.Errorf("the mailbox answers %d", got)
	}
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
	served := false
	for line := range strings.Lines(log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("not JSON: %q", line)
		}
		served = served || entry["msg"] == "serving" && entry["api"] == r.URL && entry["docs"] == r.URL+"/docs" &&
			entry["database"] == "SQLite, "+r.Config.SQLitePath() && entry["mailbox"] == nil
	}
	if !served || out.String() != "" {
		t.Errorf("log %s, output %s", log.String(), out.String())
	}
}

func TestStart_MakesTheFirstAdminAndThenLeavesItAlone(t *testing.T) {
	t.Parallel()
	environ := local(t, "ADMIN_EMAIL=a@b.example", "ADMIN_PASSWORD=first password", "RUN_JOBS=false")
	for range 2 {
		r, err := Start(t.Context(), environ)
		if err != nil {
			t.Fatal(err)
		}
		if code := login(t, r.URL, "a@b.example", "first password"); code != 200 {
			t.Errorf("login: %d", code)
		}
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
		environ["ADMIN_PASSWORD"] = "another password"
	}
}

func login(t *testing.T, url, email, password string) int {
	t.Helper()
	return post(t, url+"/auth/login", map[string]string{"email": email, "password": password})
}

func post(t *testing.T, url string, fields map[string]string) int {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url, "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestStart_ReturnsWhatFails(t *testing.T) {
	t.Parallel()
	environ := local(t)
	r, err := Start(t.Context(), environ)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Stop() }()
	environ["HTTP_ADDR"] = strings.TrimPrefix(r.URL, "http://")
	if _, err := Start(t.Context(), environ); err == nil || !strings.HasPrefix(err.Error(), "HTTP_ADDR: listen tcp") {
		t.Errorf("a port that is taken: %v", err)
	}
	broken := local(t)
	if err := os.MkdirAll(broken["DATA_DIR"], 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken["DATA_DIR"], secretFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), broken); err == nil || !strings.HasPrefix(err.Error(), "the secret kept in ") {
		t.Errorf("a damaged secret: %v", err)
	}
	if _, err := Start(t.Context(), map[string]string{"BCRYPT_COST": "1"}); err == nil || !strings.Contains(err.Error(), "BCRYPT_COST: ") {
		t.Errorf("a wrong value: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := serve(ctx, r.Config, process{out: io.Discard, err: io.Discard, now: time.Now}); err != nil {
		t.Errorf("a signal during the start: %v", err)
	}
}

func TestNewLog_NeverShowsASecret(t *testing.T) {
	t.Parallel()
	for _, env := range []string{config.Development, config.Production} {
		var log lockedBuffer
		cfg := config.Config{AppEnv: env, Debug: true}
		given, err := config.Load(local(t, "SECRET_KEY="+secret, "DATABASE_URL=postgres://u:"+secret+"@h/d"))
		if err != nil {
			t.Fatal(err)
		}
		lc := fxtest.NewLifecycle(t)
		newLog(lc, cfg, process{err: &log}).Debug("the configuration", zap.Any("config", given), zap.Stringer("key", given.SecretKey))
		lc.RequireStart().RequireStop()
		if !strings.Contains(log.String(), "the configuration") || strings.Contains(log.String(), secret) {
			t.Errorf("%s: %s", env, log.String())
		}
	}
}

func TestNewLog_WritesAWarningAtOnceWithWhatCameBefore(t *testing.T) {
	t.Parallel()
	var lines lockedBuffer
	lc := fxtest.NewLifecycle(t)
	log := newLog(lc, config.Config{AppEnv: config.Production}, process{err: &lines})
	log.Info("first")
	log.Warn("second")
	if got := lines.String(); !strings.Contains(got, "first") || !strings.Contains(got, "second") {
		t.Errorf("%q", got)
	}
	log.Info("third")
	lc.RequireStart().RequireStop()
	if got := lines.String(); !strings.Contains(got, "third") {
		t.Errorf("after the end: %q", got)
	}
}

func TestVersion_NamesTheRevision(t *testing.T) {
	t.Parallel()
	settings := func(pairs ...string) (all []debug.BuildSetting) {
		for _, pair := range pairs {
			key, value, _ := strings.Cut(pair, "=")
			all = append(all, debug.BuildSetting{Key: key, Value: value})
		}
		return all
	}
	for _, c := range []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{}, release},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: settings("vcs.revision=0123456789abcdef")}, "1.2.3 (0123456789ab)"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.3.0-rc.1"}}, "1.3.0-rc.1"},
		{debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.20260101000000-0123456789ab+dirty"}}, release},
		{debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: settings("vcs.revision=0123456789abcdef")}, release + " (0123456789ab)"},
		{debug.BuildInfo{Settings: settings("vcs.revision=0123456789abcdef", "vcs.modified=true")}, release + " (0123456789ab, modified)"},
	} {
		if got := describe(&c.info); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestVersion_OfTheImageIsTheReleases(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(dockerfile), "ARG VERSION="+release+"\nLABEL") {
		t.Errorf("the image's label is not %s", release)
	}
}
