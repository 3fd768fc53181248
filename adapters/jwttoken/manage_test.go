package jwttoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestGenerateKey_WritesAPrivateFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "keys")
	kid, err := GenerateKey(dir, "EdDSA", testNow)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != kid+".pem" {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := GenerateKey(dir, "HS256", testNow); err == nil || !strings.Contains(err.Error(), "EdDSA, ES256, RS256") {
		t.Errorf("HS256: %v", err)
	}
}

func TestListKeys_SaysWhatEachKeyIsFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var kids []string
	for i, algorithm := range Algorithms {
		kid, err := GenerateKey(dir, algorithm, testNow.Add(time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		kids = append(kids, kid)
	}
	if err := RetireKey(dir, kids[2], testNow.Add(5*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "20990101T000000Z-broken.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := ListKeys(dir, time.Hour, testNow.Add(6*time.Hour))
	if err != nil || len(keys) != 4 {
		t.Fatalf("%v, %v", keys, err)
	}
	if k := keys[0]; k.Fault == nil || k.Signs || k.Algorithm != "" {
		t.Errorf("the broken one: %+v", k)
	}
	if k := keys[1]; k.KID != kids[1] || k.Algorithm != "ES256" || !k.Signs || !k.CreatedAt.Equal(testNow.Add(time.Hour)) || !k.EndsAt.IsZero() {
		t.Errorf("the newest active one: %+v", k)
	}
	if k := keys[2]; k.KID != kids[0] || k.Signs || k.Fault != nil {
		t.Errorf("the older active one: %+v", k)
	}
	if k := keys[3]; k.KID != kids[2] || k.Signs || !k.RetiredAt.Equal(testNow.Add(5*time.Hour)) || !k.EndsAt.Equal(testNow.Add(6*time.Hour+retiredSlack)) {
		t.Errorf("the retired one: %+v", k)
	}
}

func TestKeyFile_RefusesUnfitKeys(t *testing.T) {
	t.Parallel()
	pkcs8 := func(key any, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	weak, err2 := rsa.GenerateKey(rand.Reader, 1024)
	_, ed, err3 := ed25519.GenerateKey(rand.Reader)
	good := pkcs8(ed, err3)
	for name, text := range map[string][]byte{
		"P-384":      pkcs8(p384, err),
		"RSA 1024":   pkcs8(weak, err2),
		"empty":      nil,
		"cut":        good[:len(good)/2],
		"other type": []byte(strings.ReplaceAll(string(good), "PRIVATE", "PUBLIC")),
		"damaged":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret material")}),
	} {
		if _, err := parseKey("k", text); err == nil || strings.Contains(err.Error(), "secret material") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if k, err := parseKey("k", append([]byte("made by another tool\n"), good...)); err != nil || k.method != jwt.SigningMethodEdDSA {
		t.Error(err)
	}
}

func TestJWKS_HoldsThePublicPartsOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "EdDSA")
	tokens := map[string]string{"EdDSA": h.sign()}
	for _, algorithm := range Algorithms[1:] {
		h.generate(algorithm)
		h.pass(time.Minute)
		tokens[algorithm] = h.sign()
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(h.tokens.JWKS(), &set); err != nil || len(set.Keys) != 3 {
		t.Fatalf("%s: %v", h.tokens.JWKS(), err)
	}
	integer := func(text string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(b)
	}
	for _, k := range set.Keys {
		if k["d"] != "" || k["p"] != "" || k["use"] != "sig" {
			t.Errorf("%v", k)
		}
		var public any
		switch k["kty"] {
		case "OKP":
			public = ed25519.PublicKey(integer(k["x"]).FillBytes(make([]byte, ed25519.PublicKeySize)))
		case "EC":
			if len(k["x"]) != 43 || len(k["y"]) != 43 {
				t.Errorf("coordinates of %d and %d letters", len(k["x"]), len(k["y"]))
			}
			point := make([]byte, 65) // uncompressed: 4, x, y
			point[0] = 4
			integer(k["x"]).FillBytes(point[1:33])
			integer(k["y"]).FillBytes(point[33:])
			var err error
			if public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err != nil {
				t.Error(err)
			}
		case "RSA":
			public = &rsa.PublicKey{N: integer(k["n"]), E: int(integer(k["e"]).Int64())}
		}
		parsed, err := jwt.Parse(tokens[k["alg"]], func(*jwt.Token) (any, error) { return public, nil },
			jwt.WithValidMethods([]string{k["alg"]}), jwt.WithTimeFunc(func() time.Time { return testNow }))
		if err != nil || parsed.Header["kid"] != k["kid"] {
			t.Errorf("%s: %v", k["alg"], err)
		}
	}
	if newest := set.Keys[0]["alg"]; newest != "RS256" {
		t.Errorf("%s comes first", newest)
	}
}
