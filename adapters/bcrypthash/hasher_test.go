package bcrypthash

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"coffeeshop/adapters/hashqueue"
	"coffeeshop/domain"
	"coffeeshop/ports/portstest"
)

func newHasher(t testing.TB, cost int) *Hasher {
	t.Helper()
	h, err := New(Config{Cost: cost})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// fixture has the suite count every round of bcrypt.
func fixture(t *testing.T) portstest.HasherFixture {
	h := newHasher(t, 5)
	costs := counted(h)
	total := 0.0
	return portstest.HasherFixture{
		Hasher: h, Weaker: newHasher(t, 4), Stronger: newHasher(t, 6),
		Work: func() float64 {
			total += work(costs())
			return total
		},
	}
}

// work is what bcrypt of these costs does.
func work(costs []int) (sum float64) {
	for _, cost := range costs {
		sum += float64(int(1) << cost)
	}
	return sum
}

func TestHasher_KeepsTheContract(t *testing.T) {
	t.Parallel()
	portstest.Hasher(t, fixture)
}

func TestHasher_KeepsTheContractBehindTheQueue(t *testing.T) {
	t.Parallel()
	portstest.Hasher(t, func(t *testing.T) portstest.HasherFixture {
		f := fixture(t)
		queue, err := hashqueue.New(f.Hasher, hashqueue.Config{Width: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = queue.Close() })
		f.Hasher = queue
		return f
	})
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

func TestHash_SaysWhetherItIsOfADigest(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 4)
	for password, prefix := range map[string]string{
		"password":                       "$2a$04$",
		strings.Repeat("x", 71):          "$2a$04$",
		strings.Repeat("x", 72):          "$bcrypt-sha384$2a$04$",
		strings.Repeat("щ", 64):          "$bcrypt-sha384$2a$04$",
		string(digest("a digest's own")): "$2a$04$",
	} {
		if hash := mustHash(t, h, password).Reveal(); !strings.HasPrefix(hash, prefix) {
			t.Errorf("%d bytes: %s", len(password), hash)
		}
	}
}

func TestVerify_NeverTakesADigestForAPassword(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 4)
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
	h := newHasher(t, 6)
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
	h := newHasher(t, 4)
	long := strings.Repeat("щ", 64)
	cut, err := bcrypt.GenerateFromPassword([]byte(long)[:72], MinCost) // as every bcrypt does
	if err != nil {
		t.Fatal(err)
	}
	if ok, outdated := verify(t, h, domain.NewPasswordHash(string(cut)), long); !ok || !outdated {
		t.Errorf("%v, outdated %v", ok, outdated)
	}
}

func TestVerify_ADamagedHashIsAnError(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 4)
	good := mustHash(t, h, "password").Reveal()
	for name, text := range map[string]string{
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
		if ok || err == nil || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, %v", name, ok, err)
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

func TestVerify_AWrongPasswordOfAnOlderHashCostsAsMuchAsHash(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, now int
		want        []int
	}{
		{4, 4, []int{4}},
		{4, 5, []int{4, 4}},
		{4, 8, []int{4, 4, 5, 6, 7}},
		{6, 8, []int{6, 6, 7}},
		{8, 6, []int{8}},
	} {
		older, h := newHasher(t, c.stored), newHasher(t, c.now)
		costs := counted(h)
		for _, password := range []string{"password", strings.Repeat("щ", 64)} {
			hash := mustHash(t, older, password)
			for _, wrong := range []string{"another", strings.Repeat("ж", 64), "password\x00password"} {
				if ok, outdated := verify(t, h, hash, wrong); ok || outdated {
					t.Errorf("%v, outdated %v", ok, outdated)
				}
				got := costs()
				if !slices.Equal(got, c.want) || work(got) != work([]int{max(c.stored, c.now)}) {
					t.Errorf("stored %d, now %d: %v", c.stored, c.now, got)
				}
			}
			if verify(t, h, hash, password); len(costs()) != 1 {
				t.Error("the right password costs more than its hash")
			}
		}
	}
}

func TestVerify_ADigestsHashOfAShortPasswordCostsAsMuchAsHash(t *testing.T) {
	t.Parallel()
	prehashed, err := bcrypt.GenerateFromPassword(digest("password"), 4)
	if err != nil {
		t.Fatal(err)
	}
	h := newHasher(t, 6)
	costs := counted(h)
	if ok, _ := verify(t, h, domain.NewPasswordHash(digestPrefix+string(prehashed)), "password"); ok || work(costs()) != work([]int{6}) {
		t.Errorf("%v", ok)
	}
}

func TestDearerThan_NamesTheHashesOfHigherCostsAlone(t *testing.T) {
	t.Parallel()
	prefixes := DearerThan(5)
	for cost := 4; cost <= 7; cost++ {
		for _, password := range []string{"password", strings.Repeat("щ", 64)} {
			hash := mustHash(t, newHasher(t, cost), password).Reveal()
			for _, version := range []string{"$2a$", "$2b$", "$2y$"} {
				stored := strings.Replace(hash, "$2a$", version, 1)
				named := slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(stored, prefix) })
				if named != (cost > 5) {
					t.Errorf("%s: %v", stored, named)
				}
			}
		}
	}
	if got := DearerThan(MaxCost); !slices.Equal(got, []string{"$argon2id$"}) {
		t.Errorf("above the highest cost: %q", got)
	}
}

func TestNew_RefusesACostThatItCannotDo(t *testing.T) {
	t.Parallel()
	for _, cost := range []int{-1, 0, 3, 16} {
		if _, err := New(Config{Cost: cost}); err == nil {
			t.Error(cost)
		}
	}
}
