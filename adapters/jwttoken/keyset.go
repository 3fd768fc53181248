package jwttoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// keySet is the state of the folder when it was read.
type keySet struct {
	keys   map[string]*key // by the encoded header: all that verify
	byKID  map[string]*key
	signer *key
	jwks   []byte
}

// readFolder reads the folder. For a file that cannot be used it takes the key of the set before, if that has one, and
// returns the fault beside the set. It returns no set when no key can sign, or when there is a fault and
// there was no set before.
func readFolder(dir string, accessLife time.Duration, now time.Time, before *keySet) (*keySet, error) {
	files, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	var faults []error
	var active []file
	var public []*key
	set := &keySet{keys: map[string]*key{}, byKID: map[string]*key{}}
	for _, f := range files {
		if !f.retired.IsZero() && !now.Before(f.end(accessLife)) {
			continue
		}
		k, err := f.read()
		if err != nil {
			faults = append(faults, err)
			if before == nil || before.byKID[f.kid] == nil {
				continue
			}
			k = before.byKID[f.kid]
		}
		if set.byKID[f.kid] != nil {
			faults = append(faults, fmt.Errorf("key file %s: there is another key of that name", f.path))
			continue
		}
		set.keys[k.header], set.byKID[f.kid] = k, k
		public = append(public, k)
		if f.retired.IsZero() {
			active = append(active, f)
		}
	}
	if i := signer(active, now); i >= 0 {
		set.signer = set.byKID[active[i].kid]
	} else {
		faults = append(faults, fmt.Errorf("the key folder %s holds no active key that could sign: generate one", dir))
	}
	if set.signer == nil || before == nil && len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if set.jwks, err = marshalJWKS(public); err != nil {
		return nil, err
	}
	return set, errors.Join(faults...)
}

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
