package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// check runs the checker of whatever reads a file. .ci/run installs and requires it.
func check(t *testing.T, name string, args ...string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		if os.Getenv("REQUIRE_"+strings.ToUpper(name)) == "1" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed", name)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// promtool is Prometheus's own checker.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	check(t, "promtool", args...)
}

func TestHaproxy_UnderstandsItsSettings(t *testing.T) {
	t.Parallel()
	check(t, "haproxy", "-c", "-f", "deploy/compose/haproxy.cfg")
}

func TestAlerts_RingWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "rules", "deploy/prometheus/alerts.yml")
	promtool(t, "test", "rules", "deploy/prometheus/alerts_test.yml")
}

// Each expression of the dashboard is checked as a rule. That its metrics exist is checked beside them, in bootstrap.
func TestDashboard_HasExpressionsThatPrometheusUnderstands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/grafana/coffeeshop.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			rules = append(rules, rule{"a:b", strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")})
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	group := map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}} // JSON is YAML too
	if text, err = json.Marshal(group); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", "--lint=none", file)
}
