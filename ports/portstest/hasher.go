package portstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// HasherFixture is a hasher to be tested, with a look at what it does. Quick settings will do.
type HasherFixture struct {
	Hasher ports.Hasher
	// Work says how much Hasher has worked so far, in any unit. It counts what takes the time, and looks at no
	// clock.
	Work func() float64
	// Weaker and Stronger are hashers of the same kind at another setting.
	Weaker, Stronger ports.Hasher
}

// Hasher tests a hasher against its contract in package ports. The function open gives a fresh one, and closes it
// by t.Cleanup; it is called a few times, concurrently.
func Hasher(t *testing.T, open func(t *testing.T) HasherFixture) {
	for sentence, test := range hasherTests {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			t.Cleanup(cancel)
			test(&hashing{t, open(t), ctx})
		})
	}
}

// hashing is what one test works with.
type hashing struct {
	*testing.T
	HasherFixture
	ctx context.Context
}

func (h *hashing) hash(by ports.Hasher, password string) domain.PasswordHash {
	h.Helper()
	hash, err := by.Hash(h.ctx, domain.PasswordToTry(password))
	if err != nil {
		h.Fatalf("hash %.20q: %v", password, err)
	}
	return hash
}

// verifies ends the test unless the answer is the wanted one.
func (h *hashing) verifies(hash domain.PasswordHash, password string, ok, outdated bool) {
	h.Helper()
	gotOK, gotOutdated, err := h.Hasher.Verify(h.ctx, hash, domain.PasswordToTry(password))
	if err != nil || gotOK != ok || gotOutdated != outdated {
		h.Fatalf("%.20q (%d bytes): %v, outdated %v, %v; want %v, outdated %v",
			password, len(password), gotOK, gotOutdated, err, ok, outdated)
	}
}

func (h *hashing) wrong(hash domain.PasswordHash, password string) {
	h.Helper()
	h.verifies(hash, password, false, false)
}

// worked returns how much work a call was.
func (h *hashing) worked(call func()) float64 {
	before := h.Work()
	call()
	return h.Work() - before
}

// costs ends the test unless the two amounts of work are the same, but for a tenth.
func (h *hashing) costs(what string, got, want float64) {
	h.Helper()
	if want <= 0 || got < 0.9*want || got > 1.1*want {
		h.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// Passwords of every kind; most hashing functions treat some of these lengths differently.
var passwords = map[string]string{
	"short":       "password",
	"71 bytes":    strings.Repeat("x", 71),
	"72 bytes":    strings.Repeat("x", 72),
	"73 bytes":    strings.Repeat("x", 73),
	"Cyrillic":    strings.Repeat("щ", 64),
	"the longest": longest,
}

var longest = strings.Repeat("0123456789abcdef", domain.PasswordMaxBytes/16)

var hasherTests = map[string]func(h *hashing){
	"a hash verifies its password and no other": func(h *hashing) {
		for _, password := range passwords {
			hash := h.hash(h.Hasher, password)
			h.verifies(hash, password, true, false)
			for _, other := range []string{
				"", password[1:], password[:len(password)-1], password + " ", " " + password, password + "\x00", password + "\x00" + password,
				password + password, strings.ToTitle(password) + "!", hash.Reveal(),
			} {
				h.wrong(hash, other)
			}
		}
	},
	"all bytes of a password count": func(h *hashing) {
		hash := h.hash(h.Hasher, longest)
		for _, i := range []int{0, 55, 71, 72, 73, 127, 128, 255, 256, 511, 512, 1023} {
			h.wrong(hash, longest[:i]+"X"+longest[i+1:])
		}
		h.wrong(hash, longest+"x")
		h.wrong(hash, longest+longest)
	},
	"every hash has a salt of its own": func(h *hashing) {
		for _, password := range passwords {
			one, other := h.hash(h.Hasher, password).Reveal(), h.hash(h.Hasher, password).Reveal()
			if shared := sharedPart(one, other); one == other || len(shared) >= 12 {
				h.Fatalf("two hashes of one password share %q:\n%s\n%s", shared, one, other)
			}
		}
	},
	"a hash does not contain its password": func(h *hashing) {
		for _, password := range passwords {
			if strings.Contains(h.hash(h.Hasher, password).Reveal(), password) {
				h.Fatalf("the hash of %.20q does", password)
			}
		}
	},
	"a malformed hash is an error that quotes nothing": func(h *hashing) {
		const password = "correct horse"
		good := h.hash(h.Hasher, password).Reveal()
		for _, malformed := range []string{
			password, " ", "$", "\x00", good[:len(good)/2], good[:len(good)-1], good + good, good + "\n", " " + good, good + "x",
		} {
			ok, outdated, err := h.Hasher.Verify(h.ctx, domain.NewPasswordHash(malformed), domain.PasswordToTry(password))
			if err == nil || ok || outdated {
				h.Fatalf("%q: %v, outdated %v, %v", malformed, ok, outdated, err)
			}
			message := fmt.Sprintf("%v %+v %#v", err, err, err)
			for _, secret := range []string{malformed, password, good[len(good)/2:]} {
				if len(secret) > 1 && strings.Contains(message, secret) {
					h.Fatalf("%q: %s", malformed, message)
				}
			}
			if refusal := (*domain.Error)(nil); errors.As(err, &refusal) {
				h.Fatalf("%q: %v", malformed, refusal)
			}
		}
	},
	"a part of a hash never succeeds": func(h *hashing) {
		good := h.hash(h.Hasher, "password").Reveal()
		for i := 1; i < len(good); i++ {
			for _, part := range []string{good[:i], good[i:]} {
				if ok, _, _ := h.Hasher.Verify(h.ctx, domain.NewPasswordHash(part), domain.PasswordToTry("password")); ok {
					h.Fatalf("%q does", part)
				}
			}
		}
	},
	"the hash of a weaker setting is outdated, for the right password alone": func(h *hashing) {
		for _, password := range passwords {
			weak := h.hash(h.Weaker, password)
			h.verifies(weak, password, true, true)
			h.wrong(weak, password+"x")
		}
	},
	"the hash of a stronger setting is not outdated": func(h *hashing) {
		strong := h.hash(h.Stronger, "password")
		h.verifies(strong, "password", true, false)
		h.wrong(strong, "another password")
	},
	"nobody's hash is false, and costs as much work as Hash": func(h *hashing) {
		for _, password := range []string{"", "password", "pass\x00word", longest} {
			want := h.worked(func() { h.hash(h.Hasher, password) })
			h.costs("nobody's hash", h.worked(func() { h.wrong(domain.PasswordHash{}, password) }), want)
		}
	},
	"a wrong password costs as much work as Hash, whatever its length, also with a weaker hash": func(h *hashing) {
		want := h.worked(func() { h.hash(h.Hasher, "password") })
		for _, password := range []string{passwords["short"], longest} {
			present, weak := h.hash(h.Hasher, password), h.hash(h.Weaker, password)
			for _, wrong := range []string{"", "password\x00password", password + "x", longest + "x"} {
				h.costs("a present hash", h.worked(func() { h.wrong(present, wrong) }), want)
				h.costs("a weaker hash", h.worked(func() { h.wrong(weak, wrong) }), want)
			}
		}
	},
	"a stronger hash costs its own work, and makes no other wrong password dearer": func(h *hashing) {
		want := h.worked(func() { h.hash(h.Hasher, "password") })
		present, strong := h.hash(h.Hasher, "password"), h.hash(h.Stronger, "password")
		own := h.worked(func() { h.verifies(strong, "password", true, false) })
		h.costs("the stronger hash", h.worked(func() { h.wrong(strong, "another password") }), own)
		h.costs("nobody's hash", h.worked(func() { h.wrong(domain.PasswordHash{}, "another password") }), want)
		h.costs("a present hash", h.worked(func() { h.wrong(present, "another password") }), want)
	},
	"concurrent calls do not disturb each other": func(h *hashing) {
		e := &env{T: h.T}
		e.allWin(e.race(racers, func(i int) error {
			password := domain.PasswordToTry(strings.Repeat("x", 8*(i+1)))
			hash, err := h.Hasher.Hash(h.ctx, password)
			if err != nil {
				return err
			}
			ok, outdated, err := h.Hasher.Verify(h.ctx, hash, password)
			wrong, _, errWrong := h.Hasher.Verify(h.ctx, hash, domain.PasswordToTry(strings.Repeat("x", 8*i)))
			if !ok || outdated || wrong {
				return fmt.Errorf("right %v, outdated %v, wrong %v: %w", ok, outdated, wrong, errors.Join(err, errWrong))
			}
			return errors.Join(err, errWrong)
		}))
	},
}

// sharedPart returns the longest text that two hashes have in common after what both begin with.
func sharedPart(one, other string) (longest string) {
	for len(one) > 0 && len(other) > 0 && one[0] == other[0] {
		one, other = one[1:], other[1:]
	}
	for i := range one {
		for i+len(longest) < len(one) && strings.Contains(other, one[i:i+len(longest)+1]) {
			longest = one[i : i+len(longest)+1]
		}
	}
	return longest
}
