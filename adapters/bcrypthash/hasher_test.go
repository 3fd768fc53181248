package bcrypthash

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"coffeeshop/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newHasher(t testing.TB, cfg Config) *Hasher {
	t.Helper()
	if cfg.Cost == 0 {
		cfg.Cost = MinCost
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func mustHash(t testing.TB, h *Hasher, password string) domain.PasswordHash {
	t.Helper()
	hash, err := h.Hash(context.Background(), domain.PasswordToTry(password))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func verify(t testing.TB, h *Hasher, hash domain.PasswordHash, password string) (ok, outdated bool) {
	t.Helper()
	ok, outdated, err := h.Verify(context.Background(), hash, domain.PasswordToTry(password))
	if err != nil {
		t.Fatal(err)
	}
	return ok, outdated
}

func TestHash_VerifiesItsPasswordAndNoOther(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	for name, c := range map[string]struct {
		password, prefix string
	}{
		"short":             {"password", "$2a$04$"},
		"71 bytes":          {strings.Repeat("x", 71), "$2a$04$"},
		"72 bytes":          {strings.Repeat("x", 72), "$2a$04$"},
		"73 bytes":          {strings.Repeat("x", 73), "$bcrypt-sha384$2a$04$"},
		"64 Cyrillic ones":  {strings.Repeat("щ", 64), "$bcrypt-sha384$2a$04$"},
		"1024 bytes":        {strings.Repeat("0123456789abcdef", 64), "$bcrypt-sha384$2a$04$"},
		"blanks around":     {"  password  ", "$2a$04$"},
		"a digest's letter": {string(digest("x")), "$2a$04$"},
	} {
		hash := mustHash(t, h, c.password)
		if !strings.HasPrefix(hash.Reveal(), c.prefix) {
			t.Errorf("%s: %s", name, hash.Reveal())
		}
		if ok, outdated := verify(t, h, hash, c.password); !ok || outdated {
			t.Errorf("%s: %v, outdated %v", name, ok, outdated)
		}
		runes := []rune(c.password)
		last := string(runes[:len(runes)-1])
		for _, other := range []string{last, last + "!", strings.ToUpper(c.password) + "!", "!" + c.password, ""} {
			if ok, _ := verify(t, h, hash, other); ok {
				t.Errorf("%s: %q verifies too", name, other)
			}
		}
		if again := mustHash(t, h, c.password); again == hash {
			t.Errorf("%s: no salt", name)
		}
	}
}

func TestVerify_NeverTakesADigestForAPassword(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	long := strings.Repeat("щ", 64)
	hash := mustHash(t, h, long)
	if ok, _ := verify(t, h, hash, string(digest(long))); ok {
		t.Error("the digest of a long password is a password")
	}
	stripped := domain.NewPasswordHash(strings.TrimPrefix(hash.Reveal(), digestPrefix))
	if ok, _ := verify(t, h, stripped, long); ok {
		t.Error("a digest's hash verifies as a plain one")
	}
	short := mustHash(t, h, "password")
	if ok, _ := verify(t, h, domain.NewPasswordHash(digestPrefix+short.Reveal()), "password"); ok {
		t.Error("a plain hash verifies as a digest's")
	}
	prehashed, err := bcrypt.GenerateFromPassword(digest("password"), MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := verify(t, h, domain.NewPasswordHash(digestPrefix+string(prehashed)), "password"); ok {
		t.Error("a short password verifies as a digest")
	}
}

func TestVerify_TakesImportedHashes(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{Cost: 6})
	for _, c := range []struct {
		hash, password string
		outdated       bool
	}{
		// Published test vectors of jBCrypt and crypt_blowfish.
		{"$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "abc", false},
		{"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U", true},
		{"$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "\xff\xff\xa3", true},
		{"$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC", "abcdefghijklmnopqrstuvwxyz", false},
	} {
		ok, outdated := verify(t, h, domain.NewPasswordHash(c.hash), c.password)
		if !ok || outdated != c.outdated {
			t.Errorf("%s: %v, outdated %v", c.hash, ok, outdated)
		}
		as2b := "$2b$" + c.hash[4:]
		if ok, _ := verify(t, h, domain.NewPasswordHash(as2b), c.password); !ok {
			t.Errorf("%s: false", as2b)
		}
		if ok, outdated := verify(t, h, domain.NewPasswordHash(c.hash), c.password+"x"); ok || outdated {
			t.Errorf("%s: another password, %v, outdated %v", c.hash, ok, outdated)
		}
	}
}

func TestVerify_ALongPasswordHashedElsewhereIsOutdated(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	long := strings.Repeat("щ", 64)
	cut, err := bcrypt.GenerateFromPassword([]byte(long)[:maxPlainBytes], MinCost) // as every bcrypt does
	if err != nil {
		t.Fatal(err)
	}
	if ok, outdated := verify(t, h, domain.NewPasswordHash(string(cut)), long); !ok || !outdated {
		t.Errorf("%v, outdated %v", ok, outdated)
	}
}

func TestVerify_AHashOfLowerCostIsOutdated(t *testing.T) {
	t.Parallel()
	low, high := newHasher(t, Config{Cost: 4}), newHasher(t, Config{Cost: 5})
	for _, password := range []string{"password", strings.Repeat("щ", 64)} {
		if ok, outdated := verify(t, high, mustHash(t, low, password), password); !ok || !outdated {
			t.Errorf("lower: %v, outdated %v", ok, outdated)
		}
		if ok, outdated := verify(t, low, mustHash(t, high, password), password); !ok || outdated {
			t.Errorf("higher: %v, outdated %v", ok, outdated)
		}
	}
}

func TestVerify_APasswordWithNULIsNobodys(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	hash := mustHash(t, h, "password")
	if ok, _ := verify(t, h, hash, "password\x00password"); ok {
		t.Error("bcrypt repeats its key, and so NUL makes many passwords of one")
	}
}

func TestVerify_ADamagedHashIsAnErrorThatDoesNotQuoteIt(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{})
	good := mustHash(t, h, "password").Reveal()
	for name, text := range map[string]string{
		"cut":             good[:len(good)-1],
		"longer":          good + "x",
		"line break":      good + "\n",
		"in clear":        "hunter22",
		"another version": "$3a$" + good[4:],
		"$2x$":            "$2x$" + good[4:],
		"argon2":          "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA",
		"cost 3":          "$2a$03$" + good[7:],
		"cost 31":         "$2a$31$" + good[7:],
		"prefix alone":    digestPrefix,
		"prefix twice":    digestPrefix + digestPrefix + good,
		"alphabet":        good[:20] + "=" + good[21:],
	} {
		ok, _, err := h.Verify(context.Background(), domain.NewPasswordHash(text), domain.PasswordToTry("password"))
		if ok || err == nil {
			t.Errorf("%s: %v, %v", name, ok, err)
			continue
		}
		if message := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(message, text) {
			t.Errorf("%s: %s", name, message)
		}
		if errors.Is(err, domain.ErrInvalidCredentials) || errors.Is(err, domain.Overloaded(0)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// counted makes h note the cost of every bcrypt it runs.
func counted(h *Hasher) func() []int {
	var mu sync.Mutex
	var costs []int
	note := func(cost int) {
		mu.Lock()
		defer mu.Unlock()
		costs = append(costs, cost)
	}
	h.generate = func(password []byte, cost int) ([]byte, error) {
		note(cost)
		return bcrypt.GenerateFromPassword(password, cost)
	}
	h.compare = func(hash, password []byte) error {
		cost, err := bcrypt.Cost(hash)
		if err != nil {
			return err
		}
		note(cost)
		return bcrypt.CompareHashAndPassword(hash, password)
	}
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		defer func() { costs = nil }()
		return costs
	}
}

func TestVerify_NobodysHashCostsTheSameWorkAndIsFalse(t *testing.T) {
	t.Parallel()
	h := newHasher(t, Config{Cost: 5})
	costs := counted(h)
	for _, password := range []string{"password", "", strings.Repeat("щ", 64), "pass\x00word"} {
		real := mustHash(t, h, password)
		if got := costs(); len(got) != 1 || got[0] != 5 {
			t.Errorf("hashing ran %v", got)
		}
		for _, hash := range []domain.PasswordHash{real, {}} {
			ok, outdated := verify(t, h, hash, password)
			if hash.IsZero() && (ok || outdated) {
				t.Errorf("%q is nobody's password", password)
			}
			if got := costs(); len(got) != 1 || got[0] != 5 {
				t.Errorf("nobody %v: verifying ran %v", hash.IsZero(), got)
			}
		}
	}
}

func TestNew_RefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, {Cost: 3}, {Cost: 16}, {Cost: 4, Width: -1}, {Cost: 4, Queue: -1}} {
		if h, err := New(cfg); err == nil {
			_ = h.Close()
			t.Errorf("%+v", cfg)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	const cost = 8
	b.Run("lane", func(b *testing.B) {
		h := newHasher(b, Config{Cost: cost})
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mustHash(b, h, "password")
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hashes/s")
	})
	b.Run("loop", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := bcrypt.GenerateFromPassword([]byte("password"), cost); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hashes/s")
	})
}
