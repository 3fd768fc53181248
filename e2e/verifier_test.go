package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/jwttoken"
	"coffeeshop/docs/examples/verifier"
)

// verifyStdin is another program, which knows nothing but the service's address: it reads tokens from standard input, a
// line each, and says of each whose it is, or why it is refused.
func verifyStdin() int {
	v, err := verifier.New(context.Background(), os.Getenv("API"))
	if err != nil {
		fmt.Println("no keys:", err)
		return 1
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		claims, err := v.Verify(lines.Text())
		if err != nil {
			fmt.Println("refused:", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("accepted:", claims.Subject)
	}
	return 0
}

func TestVerifier_AnotherProgramThatKnowsTheKeySetVerifiesAccessTokensOnly(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	if _, err := jwttoken.GenerateKey(keys, jwttoken.Algorithms[0], time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s := start(t, map[string]string{"JWT_KEYS_DIR": keys})
	cmd := another(t, "verify", "API="+s.URL)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	said := bufio.NewScanner(out)
	outcome := func(token string) string {
		t.Helper()
		if _, err := fmt.Fprintln(in, token); err != nil || !said.Scan() {
			t.Fatalf("the verifier is gone: %v", err)
		}
		return said.Text()
	}
	var old []tokens
	for i, algorithm := range jwttoken.Algorithms {
		if i > 0 {
			if _, err := jwttoken.GenerateKey(keys, algorithm, time.Now().Add(time.Duration(i-3)*time.Minute)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond) // the folder is looked at once a second
		}
		pair := s.login(t, adminEmail, adminPassword)
		var me user
		s.call(t, "GET", "/users/me", pair.Access, nil).want(t, 200, "").into(t, &me)
		if got := outcome(pair.Access); got != "accepted: "+me.ID {
			t.Errorf("%s: an access token is %s", algorithm, got)
		}
		if got := outcome(pair.Refresh); !strings.HasPrefix(got, "refused:") {
			t.Errorf("%s: a refresh token is %s", algorithm, got)
		}
		old = append(old, pair)
		for _, pair := range old {
			if got := outcome(pair.Access); !strings.HasPrefix(got, "accepted:") {
				t.Errorf("after %s: an older access token is %s", algorithm, got)
			}
		}
	}
	s.call(t, "GET", "/.well-known/jwks.json", "", nil).want(t, 200, "")
}
