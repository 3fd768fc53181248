package jwttoken

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"coffeeshop/domain"
)

// minSecretBytes is the least that RFC 7518 §3.2 allows: the size of the hash.
const minSecretBytes = sha256.Size

// key signs or verifies one kind of token with one algorithm.
type key struct {
	kind    kind
	kid     string
	method  jwt.SigningMethod
	private any    // as method wants it
	public  any    // as method wants it; the same as private for HS256
	header  string // encoded; it names algorithm and key, so that a kid serves one algorithm only
}

func newKey(k kind, kid string, method jwt.SigningMethod, private, public any) *key {
	header, _ := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ"`
	}{method.Alg(), kid, "JWT"}) // strings always marshal
	return &key{kind: k, kid: kid, method: method, private: private, public: public,
		header: base64.RawURLEncoding.EncodeToString(header)}
}

// newHMACKey derives the key of a kind of token, and its kid, from a secret.
func newHMACKey(k kind, secret domain.Secret) (*key, error) {
	if len(secret.Reveal()) < minSecretBytes {
		return nil, errors.New("the secret key must have at least 32 bytes")
	}
	derive := func(what string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "coffee-shop-api "+k.scope()+" "+what+" v1", size)
	}
	bytes, err := derive("HS256", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of %ss: %w", k.scope(), err)
	}
	id, err := derive("kid", 6)
	if err != nil {
		return nil, fmt.Errorf("derive the key id of %ss: %w", k.scope(), err)
	}
	return newKey(k, base64.RawURLEncoding.EncodeToString(id), jwt.SigningMethodHS256, bytes, bytes), nil
}

func (k *key) sign(c claims) (string, error) {
	if err := k.kind.check(c); err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := k.header + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := k.method.Sign(text, k.private)
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
