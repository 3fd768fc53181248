package bcrypthash

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"

	"coffeeshop/domain"
)

func argonText(t *testing.T, password string, m, passes, p, salt, length int) string {
	t.Helper()
	s := []byte(strings.Repeat("s", salt))
	sum := argon2.IDKey([]byte(password), s, uint32(passes), uint32(m), uint8(p), uint32(length))
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, passes, p, b.EncodeToString(s), b.EncodeToString(sum))
}

func TestVerify_TakesAnArgon2idHashAndFindsItOutdated(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 4)
	reference, err := hex.DecodeString("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7") // of the reference implementation
	if err != nil {
		t.Fatal(err)
	}
	b := base64.RawStdEncoding
	long := strings.Repeat("щ\x00", 300)
	for hash, password := range map[string]string{
		"$argon2id$v=19$m=65536,t=2,p=1$" + b.EncodeToString([]byte("somesalt")) + "$" + b.EncodeToString(reference): "password",
		argonText(t, long, 64, 1, 4, 64, 64): long,
		argonText(t, "", 8, 10, 1, 8, 16):    "",
	} {
		if ok, outdated := verify(t, h, domain.NewPasswordHash(hash), password); !ok || !outdated {
			t.Errorf("%.40s: %v, outdated %v", hash, ok, outdated)
		}
		if ok, outdated := verify(t, h, domain.NewPasswordHash(hash), password+"x"); ok || outdated {
			t.Errorf("%.40s: another password, %v, outdated %v", hash, ok, outdated)
		}
		if err := Check(domain.NewPasswordHash(hash)); err != nil {
			t.Error(err)
		}
	}
}

func TestVerify_AWrongPasswordOfAnArgon2idHashCostsTheWorkOfHashToo(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 6)
	costs := counted(h)
	hash := domain.NewPasswordHash(argonText(t, "password", 8, 1, 1, 8, 16))
	if ok, _ := verify(t, h, hash, "wrong"); ok || work(costs()) != work([]int{6}) {
		t.Errorf("%v", ok)
	}
	if ok, _ := verify(t, h, hash, "password"); !ok || len(costs()) != 0 {
		t.Errorf("%v", ok)
	}
}

func TestCheck_RefusesWhatVerifyCannotCompare(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 4)
	good := argonText(t, "password", 64, 1, 1, 8, 16)
	bcryptHash := mustHash(t, h, "password").Reveal()
	for text, taken := range map[string]bool{
		bcryptHash: true, mustHash(t, h, strings.Repeat("щ", 64)).Reveal(): true, "$2b$15$" + bcryptHash[7:]: true, good: true,
		"$2a$16$" + bcryptHash[7:]: false, "$2a$03$" + bcryptHash[7:]: false, "$2x$04$" + bcryptHash[7:]: false, "$1$salt$hash": false, "password": false, "": false,
		strings.Replace(good, "v=19", "v=16", 1): false, strings.Replace(good, "argon2id", "argon2i", 1): false, strings.Replace(good, "m=64", "m=064", 1): false,
		strings.Replace(good, "m=64", "m=+64", 1): false, strings.Replace(good, "m=64", "m=65536", 1): true, strings.Replace(good, "m=64", "m=65537", 1): false,
		strings.Replace(good, "m=64", "m=7", 1): false, strings.Replace(good, "m=64", "m=8", 1): true, strings.Replace(good, "m=64", "m=99999999999", 1): false,
		strings.Replace(good, "t=1", "t=10", 1): true, strings.Replace(good, "t=1", "t=11", 1): false, strings.Replace(good, "t=1", "t=0", 1): false,
		strings.Replace(good, "p=1", "p=4", 1): true, strings.Replace(good, "p=1", "p=5", 1): false, strings.Replace(good, "t=1,p=1", "p=1,t=1", 1): false,
		good + "=": false, good + "$": false, good + ",": false, good + "\n": false, strings.Replace(good, "$v=19", "", 1): false,
		argonText(t, "x", 64, 1, 1, 7, 16): false, argonText(t, "x", 64, 1, 1, 65, 16): false, argonText(t, "x", 64, 1, 1, 8, 15): false, argonText(t, "x", 64, 1, 1, 8, 65): false,
	} {
		err := Check(domain.NewPasswordHash(text))
		if (err == nil) != taken {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error quotes the hash: %v", err)
		}
	}
}

func FuzzParseArgon(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c3Nzc3Nzc3M$c3Nzc3Nzc3Nzc3Nzc3NzcA")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseArgon(text)
		if err == nil && (a.memory > argonMaxMemory || a.time < 1 || a.time > argonMaxTime || a.threads < 1 || a.threads > argonMaxThreads || len(a.salt) < 8 || len(a.sum) < 16) {
			t.Errorf("%q is taken: %+v", text, a)
		}
	})
}
