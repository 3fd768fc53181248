package jwttoken

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
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

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is a running server with a folder of keys.
type house struct {
	t      *testing.T
	dir    string
	clock  *clock
	tokens *Tokens

	mu     sync.Mutex
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
	return newTokens(h.t, Config{KeysDir: h.dir, AccessLife: time.Hour, Now: h.clock.Now,
		Report: func(err error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.faults = append(h.faults, err.Error())
		}})
}

func (h *house) generate(algorithm string) string {
	h.t.Helper()
	kid, err := GenerateKey(h.dir, algorithm, h.clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return kid
}

func (h *house) sign() string { return mustSign(h.t, h.tokens.SignAccess, accessClaims()) }

func (h *house) expect(what, token string, want error) {
	h.t.Helper()
	if err := h.tokens.errAccess(token, testNow); err != want {
		h.t.Errorf("%s: %v", what, err)
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
			k := h.tokens.folder.current().signer
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

func TestKeys_ANewKeySignsWithinASecondAndIsKnownAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	replica := h.server()
	first := h.sign()
	h.clock.pass(rereadEvery)
	kid := h.generate("ES256")
	h.clock.pass(rereadEvery)
	if got := kidOf(t, h.sign()); got == kid {
		t.Error("the folder was looked at before a second had passed")
	}
	h.clock.pass(pollEvery - 2*rereadEvery)
	replica.folder.checked.Store(h.clock.Now().Add(-rereadEvery).UnixNano()) // it looked a moment before the key came
	second := h.sign()
	if got := kidOf(t, second); got != kid {
		t.Errorf("%s signed, not %s", got, kid)
	}
	if err := replica.errAccess(second, testNow); err != nil {
		t.Errorf("a replica that has not looked since: %v", err)
	}
	h.expect("the older key's token", first, nil)
}

func TestKeys_ARetiredKeyVerifiesUntilItsTokensHaveExpired(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	old := h.sign()
	h.clock.pass(time.Minute)
	kid := h.generate("EdDSA")
	h.clock.pass(time.Minute)
	if err := RetireKey(h.dir, kid, h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := kidOf(t, h.sign()); got == kid {
		t.Error("the retired key signs")
	}
	kid = kidOf(t, old)
	newest := h.generate("RS256")
	if err := RetireKey(h.dir, kid, h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	h.clock.pass(time.Hour)
	h.expect("in time", old, nil)
	if got := kidOf(t, h.sign()); got != newest {
		t.Errorf("%s signs", got)
	}
	h.clock.pass(retiredSlack)
	h.expect("afterwards", old, domain.ErrTokenMalformed)
	if strings.Contains(string(h.tokens.JWKS()), kid) {
		t.Error("the key set still names it")
	}
	if len(h.faults) > 0 {
		t.Error(h.faults)
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
	h.clock.pass(pollEvery)
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
		h.clock.pass(pollEvery)
		h.expect("the damaged key's token", token, nil)
		if got := kidOf(t, h.sign()); got != kidOf(t, token) {
			t.Errorf("%s signs", got)
		}
	}
	if len(h.faults) != 1 || !strings.Contains(h.faults[0], "new.pem") || !strings.Contains(h.faults[0], kidOf(t, token)) {
		t.Errorf("reported %q", h.faults)
	}
	h.clock.pass(time.Minute)
	kid := h.generate("ES256") // good files count although others are broken
	h.clock.pass(pollEvery)
	if got := kidOf(t, h.sign()); got != kid {
		t.Errorf("%s signs, not %s", got, kid)
	}
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
	h.clock.pass(pollEvery)
	h.expect("no folder", token, nil)
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	h.clock.pass(pollEvery)
	h.expect("an empty folder", token, nil)
	if len(h.faults) != 2 {
		t.Errorf("reported %q", h.faults)
	}
	if _, err := New(Config{Secret: testSecret, KeysDir: h.dir, AccessLife: time.Hour}); err == nil || !strings.Contains(err.Error(), "generate") {
		t.Errorf("a start without a key: %v", err)
	}
	h.generate("EdDSA")
	h.clock.pass(pollEvery)
	h.expect("another key", token, domain.ErrTokenMalformed)
}

func TestKeys_AKidIsGoodForOneAlgorithm(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "RS256")
	token := h.sign()
	payload := strings.Split(token, ".")[1]
	k := h.tokens.folder.current().signer
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

func TestKeys_UnknownKidsCauseFewLooksAtTheFolder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	h.clock.pass(rereadEvery)
	h.expect("unknown", encode(`{"alg":"EdDSA","kid":"x","typ":"JWT"}`)+".e30.AA", domain.ErrTokenMalformed)
	looked := h.tokens.folder.checked.Load()
	h.clock.pass(rereadEvery / 2)
	h.expect("unknown", encode(`{"alg":"EdDSA","kid":"y","typ":"JWT"}`)+".e30.AA", domain.ErrTokenMalformed)
	if h.tokens.folder.checked.Load() != looked {
		t.Error("each unknown kid causes a look")
	}
}

func TestKeys_RotateUnderLoadWithoutARefusal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	replica := h.server()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				token, err := h.tokens.SignAccess(accessClaims())
				if err == nil {
					err = h.tokens.errAccess(token, testNow)
				}
				if err == nil {
					h.clock.pass(rereadEvery)
					err = replica.errAccess(token, testNow)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	kid := h.tokens.folder.current().signer.kid
	for range 20 {
		next := h.generate("EdDSA")
		if err := RetireKey(h.dir, kid, h.clock.Now()); err != nil {
			t.Error(err)
		}
		kid = next
		for h.clock.pass(pollEvery); h.tokens.folder.current().signer.kid != kid; runtime.Gosched() {
		}
	}
	close(stop)
	wg.Wait()
	if len(h.faults) > 0 {
		t.Errorf("reported %q", h.faults)
	}
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
		if err := RetireKey(h.dir, kid, testNow); err != nil {
			t.Error(err)
		}
	}
}
