package jwttoken

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"coffeeshop/domain"
)

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// house is a server with a folder of keys, which it reads when the test says that time passes.
type house struct {
	t      *testing.T
	dir    string
	clock  *clock
	tokens *Tokens
	faults []string
}

func newHouse(t *testing.T, algorithm string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), clock: &clock{now: testNow}}
	h.generate(algorithm)
	h.tokens = h.server()
	return h
}

func (h *house) server() *Tokens {
	h.t.Helper()
	return newTokens(h.t, Config{KeysDir: h.dir, AccessLife: time.Hour, Now: h.clock.Now})
}

// pass lets time pass, at the end of which the server looks at the folder.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	h.clock.mu.Lock()
	h.clock.now = h.clock.now.Add(d)
	h.clock.mu.Unlock()
	h.look(h.tokens)
}

func (h *house) look(tokens *Tokens) {
	set, err := readFolder(h.dir, time.Hour, h.clock.Now(), tokens.folder.Load())
	if set != nil {
		tokens.folder.Store(set)
	}
	if err != nil {
		h.faults = append(h.faults, err.Error())
	}
}

func (h *house) generate(algorithm string) string {
	h.t.Helper()
	kid, err := GenerateKey(h.dir, algorithm, h.clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return kid
}

func (h *house) retire(kid string) {
	h.t.Helper()
	if err := RetireKey(h.dir, kid, h.clock.Now()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) sign() string { return mustSign(h.t, h.tokens.SignAccess, accessClaims()) }

func (h *house) expect(what, token string, want error) {
	h.t.Helper()
	if err := h.tokens.errAccess(token, testNow); err != want {
		h.t.Errorf("%s: %v", what, err)
	}
}

func (h *house) signs(kid string) {
	h.t.Helper()
	if got := kidOf(h.t, h.sign()); got != kid {
		h.t.Errorf("%s signs, not %s", got, kid)
	}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header["kid"].(string)
}

func TestKeys_EveryAlgorithmSignsAndVerifies(t *testing.T) {
	t.Parallel()
	for _, algorithm := range Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, algorithm)
			token := h.sign()
			if got, err := h.tokens.ParseAccess(token, testNow); err != nil || got != accessClaims() {
				t.Errorf("%+v, %v", got, err)
			}
			k := h.tokens.folder.Load().signer
			if k.method.Alg() != algorithm || kidOf(t, token) != k.kid {
				t.Errorf("%s signed with %s", k.kid, k.method.Alg())
			}
			_, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return k.public, nil }, jwt.WithValidMethods([]string{algorithm}),
				jwt.WithTimeFunc(func() time.Time { return testNow }), jwt.WithAudience(audience), jwt.WithIssuer(issuer))
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKeys_RefreshTokensDoNotDependOnThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	plain := newTokens(t, Config{})
	refresh := mustSign(t, plain.SignRefresh, refreshClaims())
	if again := mustSign(t, h.tokens.SignRefresh, refreshClaims()); again != refresh {
		t.Errorf("%s and %s", refresh, again)
	}
	if err := h.tokens.errRefresh(refresh, testNow); err != nil {
		t.Error(err)
	}
	h.expect("refresh as access", refresh, domain.ErrTokenScope)
	if err := h.tokens.errRefresh(h.sign(), testNow); err != domain.ErrTokenScope {
		t.Errorf("access as refresh: %v", err)
	}
	h.expect("an HS256 access token", mustSign(t, plain.SignAccess, accessClaims()), domain.ErrTokenMalformed)
}

func TestKeys_ANewKeySignsOnceEveryReplicaKnowsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	replica := h.server()
	only := kidOf(t, h.sign()) // it signs at once
	first := h.sign()
	h.pass(time.Minute)
	kid := h.generate("ES256")
	h.pass(signAfter - time.Second)
	h.signs(only)
	h.look(replica)
	h.pass(time.Second)
	h.signs(kid)
	if err := replica.errAccess(h.sign(), testNow); err != nil {
		t.Errorf("a replica that looked a second ago: %v", err)
	}
	h.expect("the older key's token", first, nil)
}

func TestKeys_OfSeveralNewOnesTheOldestSigns(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	first := kidOf(t, h.sign())
	h.clock.now = h.clock.now.Add(time.Second)
	second := h.generate("EdDSA")
	h.pass(0)
	h.signs(first)
	h.pass(signAfter - time.Second)
	h.signs(first)
	h.pass(time.Second)
	h.signs(second)
}

func TestKeys_ARetiredKeyVerifiesUntilItsTokensHaveExpired(t *testing.T) {
	t.Parallel()
	for name, retire := range map[string]func(h *house, kid string){
		"by a file beside it": (*house).retire,
		"renamed, as earlier versions did": func(h *house, kid string) {
			path := filepath.Join(h.dir, kid)
			if err := os.Rename(path+".pem", path+".retired-"+h.clock.Now().Format(fileTime)+".pem"); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, "EdDSA")
			old := h.sign()
			first := kidOf(t, old)
			h.pass(time.Minute)
			second := h.generate("EdDSA")
			h.pass(time.Minute)
			retire(h, second)
			h.pass(time.Second)
			h.signs(first)
			newest := h.generate("RS256")
			retire(h, first)
			h.pass(time.Hour)
			h.expect("in time", old, nil)
			h.signs(newest)
			h.pass(retiredSlack)
			h.expect("afterwards", old, domain.ErrTokenMalformed)
			if strings.Contains(string(h.tokens.JWKS()), first) {
				t.Error("the key set still names it")
			}
			if len(h.faults) > 0 {
				t.Error(h.faults)
			}
		})
	}
}

func TestKeys_ADeletedKeyIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	stolen := h.sign()
	h.generate("ES256")
	if err := os.Remove(filepath.Join(h.dir, kidOf(t, stolen)+".pem")); err != nil {
		t.Fatal(err)
	}
	h.pass(time.Second)
	h.expect("its token", stolen, domain.ErrTokenMalformed)
}

func TestKeys_ABrokenFileLeavesARunningServerUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	token := h.sign()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(kidOf(t, token)+".pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw")
	write("new.pem", "garbage")
	write("notes.txt", "garbage")
	for range 3 {
		h.pass(time.Second)
		h.expect("the damaged key's token", token, nil)
		h.signs(kidOf(t, token))
	}
	if len(h.faults) != 3 || !strings.Contains(h.faults[0], "new.pem") || !strings.Contains(h.faults[0], kidOf(t, token)) {
		t.Errorf("reported %q", h.faults)
	}
	kid := h.generate("ES256") // good files count although others are broken
	h.pass(time.Minute)
	h.signs(kid)
	if _, err := New(Config{Secret: testSecret, KeysDir: h.dir, AccessLife: time.Hour}); err == nil {
		t.Error("a start with a broken file")
	}
}

func TestKeys_AnEmptiedFolderLeavesARunningServerUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	token := h.sign()
	if err := os.RemoveAll(h.dir); err != nil {
		t.Fatal(err)
	}
	h.pass(time.Second)
	h.expect("no folder", token, nil)
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h.pass(time.Second)
	h.expect("an empty folder", token, nil)
	if len(h.faults) != 2 {
		t.Errorf("reported %q", h.faults)
	}
	if _, err := New(Config{Secret: testSecret, KeysDir: h.dir, AccessLife: time.Hour}); err == nil || !strings.Contains(err.Error(), "generate") {
		t.Errorf("a start without a key: %v", err)
	}
	h.generate("EdDSA")
	h.pass(time.Second)
	h.expect("another key", token, domain.ErrTokenMalformed)
}

func TestKeys_AKidIsGoodForOneAlgorithm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "RS256")
	token := h.sign()
	payload := strings.Split(token, ".")[1]
	k := h.tokens.folder.Load().signer
	public := h.tokens.JWKS()
	confused := newKey(kindAccess, k.kid, jwt.SigningMethodHS256, public, public)
	h.expect("HMAC with the public key", forge(t, confused, confused.header, payload), domain.ErrTokenMalformed)
	h.expect("HMAC under its header", forge(t, confused, k.header, payload), domain.ErrTokenMalformed)
	pss := newKey(kindAccess, k.kid, jwt.SigningMethodPS256, k.private, k.public)
	h.expect("PS256", forge(t, pss, pss.header, payload), domain.ErrTokenMalformed)
	rs512 := newKey(kindAccess, k.kid, jwt.SigningMethodRS512, k.private, k.public)
	h.expect("RS512", forge(t, rs512, rs512.header, payload), domain.ErrTokenMalformed)
	h.expect("repeated members", forge(t, k, k.header, encode(strings.Replace(decode(t, payload), `"sub"`, `"sub":"x","sub"`, 1))), domain.ErrTokenMalformed)
}

// Two replicas look at the folder each second, at different moments, while keys come and go: no token is refused.
func TestWatch_RotatesKeysUnderLoadWithoutARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if _, err := GenerateKey(dir, "EdDSA", time.Now()); err != nil {
			t.Fatal(err)
		}
		report := func(err error) { t.Error(err) }
		replicas := []*Tokens{newTokens(t, Config{KeysDir: dir, AccessLife: time.Hour, Report: report}), newTokens(t, Config{KeysDir: dir, AccessLife: time.Hour, Report: report})}
		go replicas[0].Watch(t.Context())
		time.Sleep(watchEvery / 2)
		go replicas[1].Watch(t.Context())
		signers := map[string]bool{}
		last := ""
		for i := range 200 {
			if i%40 == 0 {
				kid, err := GenerateKey(dir, "EdDSA", time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if last != "" {
					if err := RetireKey(dir, last, time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				last = kid
			}
			for j, signer := range replicas {
				token := mustSign(t, signer.SignAccess, accessClaims())
				signers[kidOf(t, token)] = true
				if err := replicas[1-j].errAccess(token, testNow); err != nil {
					t.Fatalf("after %d steps: %v", i, err)
				}
			}
			time.Sleep(watchEvery / 4)
			synctest.Wait()
		}
		if len(signers) < 5 {
			t.Errorf("%d keys signed", len(signers))
		}
	})
}

func TestWatch_ReportsAFaultOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, faults := t.TempDir(), 0
		if _, err := GenerateKey(dir, "EdDSA", time.Now()); err != nil {
			t.Fatal(err)
		}
		tokens := newTokens(t, Config{KeysDir: dir, AccessLife: time.Hour, Report: func(error) { faults++ }})
		go tokens.Watch(t.Context())
		path := filepath.Join(dir, "broken.pem")
		for want := 1; want <= 2; want++ {
			if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * watchEvery)
			synctest.Wait()
			if faults != want {
				t.Errorf("%d reports, want %d", faults, want)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * watchEvery)
			synctest.Wait()
		}
	})
}

func TestRetireKey_KeepsTheLastActiveOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	kid := kidOf(t, h.sign())
	if err := RetireKey(h.dir, kid, testNow); !errors.Is(err, ErrLastKey) {
		t.Error(err)
	}
	if err := RetireKey(h.dir, "unknown", testNow); err == nil {
		t.Error("an unknown key")
	}
	h.generate("EdDSA")
	for range 2 {
		h.retire(kid)
	}
}
