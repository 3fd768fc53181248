package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/jwttoken"
)

const npmFolder = "../tools/npm"

// node runs a program of the npm packages' folder with more environment, and returns what it printed.
func node(t *testing.T, dir string, environ []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environ...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// typescript returns a folder with the programs of docs/examples/typescript, which finds the npm packages.
func typescript(t *testing.T) string {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(npmFolder + "/node_modules")
	}
	if err != nil {
		if os.Getenv("REQUIRE_NODE") == "1" {
			t.Fatal(err)
		}
		t.Skip("Node or the npm packages are not there: run `go tool -modfile=tools/go.mod task npm`")
	}
	dir, err := os.MkdirTemp(npmFolder, "build-") //nolint:usetesting // Node finds the packages from below their folder only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS("../docs/examples/typescript")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type": "module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTypeScript_AClientMadeFromTheDocumentRunsTheMainFlowAndVerifiesTokens(t *testing.T) {
	t.Parallel()
	dir := typescript(t)
	keys := t.TempDir()
	if _, err := jwttoken.GenerateKey(keys, jwttoken.Algorithms[0], time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s := start(t, map[string]string{"JWT_KEYS_DIR": keys})
	node(t, dir, nil, "../node_modules/openapi-typescript/bin/cli.js", s.URL+"/openapi.json", "-o", "schema.d.ts")
	node(t, dir, nil, "../node_modules/typescript/bin/tsc")
	got := node(t, dir, []string{"API=" + s.URL, "VERIFY=1"}, "main.js")
	const want = "not verified yet\nlogged in as ada\nverified ada with the role user\na refresh token is refused\nlogged out\n"
	if got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	// A code that the document does not name for the call is refused by the compiler.
	main := filepath.Join(dir, "main.ts")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	misspelled := strings.Replace(string(text), "'account_unverified'", "'account_unverifed'", 1)
	if err := os.WriteFile(main, []byte(misspelled), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "../node_modules/typescript/bin/tsc", "--noEmit")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "account_unverifed") {
		t.Errorf("a misspelled code compiles: %v %s", err, out)
	}
}

func TestOAuth_OpenIDClientLogsInAndRefreshes(t *testing.T) {
	t.Parallel()
	dir := typescript(t)
	s := start(t, nil)
	got := node(t, dir, []string{"API=" + s.URL, "EMAIL=" + adminEmail, "PASSWORD=" + adminPassword}, "oauth.mjs")
	if want := "logged in as " + adminEmail + "\nrefused: 400 invalid_grant invalid_credentials\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}
