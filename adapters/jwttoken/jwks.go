package jwttoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// jwk is a public key as RFC 7517, RFC 7518 §6 and RFC 8037 §2 write it.
type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

func marshalJWKS(keys []*key) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	encode := base64.RawURLEncoding.EncodeToString
	for _, k := range keys {
		j := jwk{Use: "sig", Algorithm: k.method.Alg(), KeyID: k.kid}
		switch public := k.public.(type) {
		case ed25519.PublicKey:
			j.Type, j.Curve, j.X = "OKP", "Ed25519", encode(public)
		case *ecdsa.PublicKey:
			point, err := public.Bytes() // 0x04 ‖ x ‖ y
			if err != nil {
				return nil, fmt.Errorf("encode the public key %s: %w", k.kid, err)
			}
			half := len(point) / 2
			j.Type, j.Curve, j.X, j.Y = "EC", "P-256", encode(point[1:1+half]), encode(point[1+half:])
		case *rsa.PublicKey:
			j.Type, j.N, j.E = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
		default:
			return nil, fmt.Errorf("encode the public key %s: a key of type %T has no public form", k.kid, public)
		}
		set.Keys = append(set.Keys, j)
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encode the key set: %w", err)
	}
	return text, nil
}
