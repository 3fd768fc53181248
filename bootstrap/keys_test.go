package bootstrap_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// generate makes a key and returns its id.
func (s *site) generate(algorithm string) string {
	s.t.Helper()
	p := s.run("", "keys", "generate", "--alg", algorithm)
	if p.exit() != 0 || p.err.String() != "" {
		s.t.Fatalf("keys generate: exit code %d, %s", p.exit(), p.err.String())
	}
	return strings.TrimSpace(p.out.String())
}

// row returns the words that keys list says of a key.
func (s *site) row(kid string) []string {
	s.t.Helper()
	p := s.run("", "keys", "list")
	if p.exit() != 0 {
		s.t.Fatalf("keys list: exit code %d, %s", p.exit(), p.err.String())
	}
	for line := range strings.Lines(p.out.String()) {
		if words := strings.Fields(line); words[0] == kid {
			return words
		}
	}
	s.t.Fatalf("%s is not listed: %s", kid, p.out.String())
	return nil
}

// published returns the ids of the public keys.
func (c *client) published() []string {
	c.t.Helper()
	keys := []string{}
	for _, k := range c.want(200, "GET", "/.well-known/jwks.json", "", nil).body["keys"].([]any) {
		keys = append(keys, k.(map[string]any)["kid"].(string))
	}
	return keys
}

func keyOf(t *testing.T, token string) string {
	t.Helper()
	encoded, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ KID string }
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	return header.KID
}

func TestKeys_ChangeUnderARunningServerAndEndNoSession(t *testing.T) {
	s := newSite(t, "JWT_KEYS_DIR=keys")
	first := s.generate("EdDSA")
	c := s.serve()
	c.join(email, password)
	old := c.login(email, password)
	if kid := keyOf(t, old.text("access_token")); kid != first {
		t.Fatalf("signed with %q, want %q", kid, first)
	}

	second := s.generate("ES256")
	c.until("both keys", func() bool { return slices.Equal(c.published(), []string{second, first}) })
	young := c.login(email, password)
	c.until("the second key signs", func() bool {
		young = c.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": young.text("refresh_token")})
		return keyOf(t, young.text("access_token")) == second
	})
	for _, a := range []answer{old, young} {
		c.want(200, "GET", "/users/me", a.text("access_token"), nil)
	}

	if p := s.run("", "keys", "retire", first); p.exit() != 0 || p.out.String() != first+" is retired.\n" {
		t.Fatalf("retire: exit code %d, %s%s", p.exit(), p.out.String(), p.err.String())
	}
	for kid, want := range map[string]string{first: "EdDSA no retired,", second: "ES256 yes active"} {
		if words := s.row(kid); words[1]+" "+words[3]+" "+words[4] != want {
			t.Errorf("listed %q, want %q", words, want)
		}
	}
	if p := s.run("", "keys", "retire", second); p.exit() != 1 || !strings.Contains(p.err.String(), "last active key") {
		t.Errorf("the last one: exit code %d, %q", p.exit(), p.err.String())
	}
	c.want(200, "GET", "/users/me", old.text("access_token"), nil) // its tokens live out their life
	if err := os.Remove(filepath.Join(s.dir, "keys", first+".pem")); err != nil {
		t.Fatal(err)
	}
	c.until("the end of the old key", func() bool { return slices.Equal(c.published(), []string{second}) })
	c.want(401, "GET", "/users/me", old.text("access_token"), nil)
	fresh := c.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": old.text("refresh_token")})
	if kid := keyOf(t, fresh.text("access_token")); kid != second {
		t.Errorf("signed with %q, want %q", kid, second)
	}
	c.want(200, "GET", "/users/me", fresh.text("access_token"), nil)
	c.stop(syscall.SIGTERM)
}

func TestKeys_GoFromTheSecretToAFolderWithoutEndingASession(t *testing.T) {
	s := newSite(t)
	c := s.serve()
	c.join(email, password)
	tokens := c.login(email, password)
	if keys := c.published(); len(keys) > 0 {
		t.Errorf("published %v of a secret", keys)
	}
	c.stop(syscall.SIGTERM)

	s.environ = append(s.environ, "JWT_KEYS_DIR=keys")
	kid := s.generate("RS256")
	c = s.serve()
	c.want(401, "GET", "/users/me", tokens.text("access_token"), nil)
	fresh := c.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": tokens.text("refresh_token")})
	if got := keyOf(t, fresh.text("access_token")); got != kid {
		t.Errorf("signed with %q, want %q", got, kid)
	}
	c.stop(syscall.SIGTERM)
}

func TestKeys_NeedAFolderAndNothingElse(t *testing.T) {
	s := newSite(t, "APP_ENV=production", "BCRYPT_COST=many") // faults, but of others
	for _, args := range [][]string{{"keys", "generate", "--alg", "EdDSA"}, {"keys", "list"}, {"keys", "retire", "x"}} {
		p := s.run("", args...)
		if p.exit() != 1 || !strings.HasPrefix(p.err.String(), "coffeeshop: the configuration is not valid\nJWT_KEYS_DIR: is not set") ||
			strings.Count(p.err.String(), "\n") != 2 {
			t.Errorf("%v: exit code %d, %q", args, p.exit(), p.err.String())
		}
	}
	s.environ = append(s.environ, "JWT_KEYS_DIR=keys")
	if p := s.run("", "keys", "list"); p.exit() != 1 || strings.Count(p.err.String(), "\n") != 1 {
		t.Errorf("no folder: exit code %d, %q", p.exit(), p.err.String())
	}
	kid := s.generate("EdDSA")
	if words := s.row(kid); words[1] != "EdDSA" || words[4] != "active" {
		t.Errorf("listed %v", words)
	}
	if p := s.run("", "keys", "retire", "another"); p.exit() != 1 || !strings.Contains(p.err.String(), `no key "another"`) {
		t.Errorf("an unknown key: exit code %d, %q", p.exit(), p.err.String())
	}
	s.environ = append(s.environ, "ACCESS_TOKEN_EXPIRE_MINUTES=long")
	if p := s.run("", "keys", "list"); p.exit() != 1 || !strings.Contains(p.err.String(), "\nACCESS_TOKEN_EXPIRE_MINUTES: ") {
		t.Errorf("an access token's life that is none: exit code %d, %q", p.exit(), p.err.String())
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestKeys_AServerWithoutAnySaysHowToMakeOne(t *testing.T) {
	s := newSite(t, "JWT_KEYS_DIR=keys")
	if err := os.Mkdir(filepath.Join(s.dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := s.run("")
	if p.exit() != 1 || strings.Count(p.err.String(), "\n") != 1 || !strings.HasPrefix(p.err.String(), "coffeeshop: JWT_KEYS_DIR: ") ||
		!strings.Contains(p.err.String(), "generate") {
		t.Errorf("exit code %d, %q", p.exit(), p.err.String())
	}
}
