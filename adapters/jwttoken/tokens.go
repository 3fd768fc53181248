// Package jwttoken signs and verifies the service's tokens as JSON web tokens (RFC 7519, RFC 8725).
//
// The verifier knows the encoded header of each of its keys, and compares it as a whole. So the sender of a token chooses
// nothing: no algorithm, no critical extension, no address of a key. golang-jwt's methods sign and verify.
package jwttoken

import (
	"cmp"
	"context"
	"encoding/base64"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// maxTokenBytes is the size of the longest token that is looked at.
const maxTokenBytes = 4 << 10

// strict refuses padding and unused bits, but skips line breaks, which parse therefore refuses itself.
var strict = base64.RawURLEncoding.Strict()

// Config holds the keys. Refresh tokens are always HS256 under a key derived from Secret; access tokens too, under
// another one, unless KeysDir is set.
type Config struct {
	Issuer, Audience string // iss and aud: written, and demanded

	Secret   domain.Secret // at least 32 bytes
	Previous domain.Secret // still verifies and never signs; zero: none

	KeysDir    string           // the folder of asymmetric keys; empty: HS256
	AccessLife time.Duration    // the longest life of an access token: how long a retired key still verifies
	Now        func() time.Time // the clock that keys age by; nil: time.Now
	Report     func(error)      // gets each fault of the folder once, while Watch runs; nil: none
}

// Tokens implements ports.Tokens.
type Tokens struct {
	cfg     Config
	keys    map[string]*key        // by the encoded header: the HS256 keys
	access  *key                   // signs access tokens; nil with a folder
	refresh *key                   // signs refresh tokens
	folder  atomic.Pointer[keySet] // holds nil without a folder
}

var _ ports.Tokens = (*Tokens)(nil)

// New derives the HS256 keys and reads the folder of keys, which must hold a usable active one. Watch follows the folder.
func New(cfg Config) (*Tokens, error) {
	t := &Tokens{cfg: cfg, keys: map[string]*key{}}
	if cfg.Now == nil {
		t.cfg.Now = time.Now
	}
	for _, secret := range []domain.Secret{cmp.Or(cfg.Previous, cfg.Secret), cfg.Secret} {
		var err error
		if t.refresh, err = newHMACKey(kindRefresh, secret); err != nil {
			return nil, err
		}
		t.keys[t.refresh.header] = t.refresh
		if cfg.KeysDir != "" {
			continue
		}
		if t.access, err = newHMACKey(kindAccess, secret); err != nil {
			return nil, err
		}
		t.keys[t.access.header] = t.access
	}
	if cfg.KeysDir == "" {
		return t, nil
	}
	set, err := readFolder(cfg.KeysDir, cfg.AccessLife, t.cfg.Now(), nil)
	if err != nil {
		return nil, err
	}
	t.folder.Store(set)
	return t, nil
}

// watchEvery is the time between two looks at the folder of keys.
const watchEvery = time.Second

// Watch follows the folder of keys until ctx ends. It goes on with the keys that it has when it cannot read others.
func (t *Tokens) Watch(ctx context.Context) {
	if t.folder.Load() == nil {
		return
	}
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	reported := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		set, err := readFolder(t.cfg.KeysDir, t.cfg.AccessLife, t.cfg.Now(), t.folder.Load())
		if set != nil {
			t.folder.Store(set)
		}
		fault := ""
		if err != nil {
			fault = err.Error()
		}
		if fault != "" && fault != reported && t.cfg.Report != nil {
			t.cfg.Report(err)
		}
		reported = fault
	}
}

// SignAccess implements ports.Tokens.
func (t *Tokens) SignAccess(c ports.AccessClaims) (string, error) {
	k := t.access
	if set := t.folder.Load(); set != nil {
		k = set.signer
	}
	return k.sign(t.claims(kindAccess, c.JTI, c.UserID, c.SessionID, c.Generation, c.IssuedAt, c.ExpiresAt, string(c.Role)))
}

// SignRefresh implements ports.Tokens.
func (t *Tokens) SignRefresh(c ports.RefreshClaims) (string, error) {
	return t.refresh.sign(t.claims(kindRefresh, c.JTI, c.UserID, c.SessionID, c.Generation, c.IssuedAt, c.ExpiresAt, ""))
}

func (t *Tokens) claims(k kind, jti, user, session uuid.UUID, generation int64, issued, expires time.Time, role string) claims {
	return claims{Issuer: t.cfg.Issuer, Audience: t.cfg.Audience, Scope: k.scope(), JTI: jti, UserID: user, SessionID: session,
		Generation: generation, IssuedAt: issued.Unix(), ExpiresAt: expires.Unix(), Role: role}
}

// ParseAccess implements ports.Tokens.
func (t *Tokens) ParseAccess(token string, now time.Time) (ports.AccessClaims, error) {
	c, err := t.parse(token, kindAccess, now)
	if err != nil {
		return ports.AccessClaims{}, err
	}
	return ports.AccessClaims{
		JTI: c.JTI, UserID: c.UserID, SessionID: c.SessionID, Generation: c.Generation, Role: domain.Role(c.Role),
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
	}, nil
}

// ParseRefresh implements ports.Tokens.
func (t *Tokens) ParseRefresh(token string, now time.Time) (ports.RefreshClaims, error) {
	c, err := t.parse(token, kindRefresh, now)
	if err != nil {
		return ports.RefreshClaims{}, err
	}
	return ports.RefreshClaims{
		UserID: c.UserID,
		RefreshToken: domain.RefreshToken{
			JTI: c.JTI, SessionID: c.SessionID, Generation: c.Generation,
			IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
		},
	}, nil
}

// parse checks, in this order: the signature, the claims, the kind, the time.
func (t *Tokens) parse(token string, want kind, now time.Time) (claims, error) {
	if len(token) > maxTokenBytes || strings.ContainsAny(token, "\r\n") {
		return claims{}, domain.ErrTokenMalformed
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	k := t.keyOf(header)
	if !ok || k == nil {
		return claims{}, domain.ErrTokenMalformed
	}
	sum, err := strict.DecodeString(signature)
	if err != nil {
		return claims{}, domain.ErrTokenMalformed
	}
	if err := k.method.Verify(token[:len(header)+1+len(payload)], sum, k.public); err != nil {
		return claims{}, domain.ErrTokenMalformed
	}
	c, err := readClaims(payload)
	switch {
	case err != nil, k.kind.check(c) != nil, c.Issuer != t.cfg.Issuer, c.Audience != t.cfg.Audience, now.Unix() < c.NotBefore:
		return claims{}, domain.ErrTokenMalformed
	case k.kind != want:
		return claims{}, domain.ErrTokenScope
	case now.Unix() >= c.ExpiresAt:
		return claims{}, domain.ErrTokenExpired
	}
	return c, nil
}

// keyOf returns the key that has exactly this encoded header, or nil.
func (t *Tokens) keyOf(header string) *key {
	if k := t.keys[header]; k != nil {
		return k
	}
	if set := t.folder.Load(); set != nil {
		return set.keys[header]
	}
	return nil
}

// JWKS returns the JSON web key set (RFC 7517) of the keys that verify access tokens, newest first; it is empty
// under HS256. The caller must not change it.
func (t *Tokens) JWKS() []byte {
	if set := t.folder.Load(); set != nil {
		return set.jwks
	}
	return []byte(`{"keys":[]}`)
}
