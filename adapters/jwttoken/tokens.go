// Package jwttoken signs and verifies the service's tokens as JSON web tokens (RFC 7519, RFC 8725).
//
// A token has one form only: the header {"alg", "kid", "typ"} and the claims in alphabetical order, without white
// space. The verifier knows the header of each of its keys and compares it as a whole, and takes a payload only if
// it would write the same bytes for the claims it read. So there is nothing to choose for whoever sends a token:
// no algorithm, no key address, no repeated or unknown member, no second way to write a number.
package jwttoken

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// maxTokenBytes is the size beyond which a token is refused unread.
const maxTokenBytes = 4 << 10

// Config says what signs. Refresh tokens are always HS256 under a key derived from Secret; access tokens too,
// under another one, unless KeysDir is set.
type Config struct {
	Secret   domain.Secret // at least 32 bytes
	Previous domain.Secret // still verifies and never signs; zero: none

	KeysDir    string           // the folder of asymmetric keys; empty: HS256
	AccessLife time.Duration    // the longest life of an access token: how long a retired key still verifies
	Now        func() time.Time // the clock by which the folder is looked at and keys end; nil: time.Now
	Report     func(error)      // told once of each fault found in the folder while running; nil: nobody
}

// Tokens implements ports.Tokens.
type Tokens struct {
	keys    map[string]*key // by the encoded header: the HS256 keys
	access  *key            // signs access tokens; nil when the folder's keys do
	refresh *key            // signs refresh tokens
	folder  *folder         // nil: none
}

var _ ports.Tokens = (*Tokens)(nil)

// New derives the HS256 keys and reads the folder of keys, which must hold a usable active one.
func New(cfg Config) (*Tokens, error) {
	t := &Tokens{keys: map[string]*key{}}
	previous := cfg.Previous
	if previous.IsZero() {
		previous = cfg.Secret
	}
	for _, secret := range []domain.Secret{previous, cfg.Secret} {
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
	if cfg.KeysDir != "" {
		var err error
		if t.folder, err = openFolder(cfg); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// SignAccess implements ports.Tokens.
func (t *Tokens) SignAccess(c ports.AccessClaims) (string, error) {
	k := t.access
	if t.folder != nil {
		k = t.folder.current().signer
	}
	token, err := k.sign(claims{
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(), Generation: c.Generation,
		JTI: c.JTI, SessionID: c.SessionID, UserID: c.UserID, Role: c.Role,
	})
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return token, nil
}

// SignRefresh implements ports.Tokens.
func (t *Tokens) SignRefresh(c ports.RefreshClaims) (string, error) {
	token, err := t.refresh.sign(claims{
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(), Generation: c.Generation,
		JTI: c.JTI, SessionID: c.SessionID, UserID: c.UserID,
	})
	if err != nil {
		return "", fmt.Errorf("sign a refresh token: %w", err)
	}
	return token, nil
}

// ParseAccess implements ports.Tokens.
func (t *Tokens) ParseAccess(token string, now time.Time) (ports.AccessClaims, error) {
	c, err := t.parse(token, kindAccess, now)
	if err != nil {
		return ports.AccessClaims{}, err
	}
	return ports.AccessClaims{
		JTI: c.JTI, UserID: c.UserID, SessionID: c.SessionID, Generation: c.Generation, Role: c.Role,
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

// strict refuses padding and unused bits, but skips line breaks, which parse therefore looks for.
var strict = base64.RawURLEncoding.Strict()

// parse checks, in this order: the signature, the form of the claims, the kind, the end.
func (t *Tokens) parse(token string, want kind, now time.Time) (claims, error) {
	if len(token) > maxTokenBytes || strings.ContainsAny(token, "\r\n") {
		return claims{}, domain.ErrTokenMalformed
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok {
		return claims{}, domain.ErrTokenMalformed
	}
	k := t.keyOf(header)
	if k == nil {
		return claims{}, domain.ErrTokenMalformed
	}
	sum, err := strict.DecodeString(signature)
	if err != nil {
		return claims{}, domain.ErrTokenMalformed
	}
	if err := k.method.Verify(token[:len(header)+1+len(payload)], sum, k.public); err != nil {
		return claims{}, domain.ErrTokenMalformed
	}
	c, err := k.kind.read(payload)
	switch {
	case err != nil:
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
	if k := t.keys[header]; k != nil || t.folder == nil {
		return k
	}
	if k := t.folder.current().keys[header]; k != nil {
		return k
	}
	return t.folder.reread().keys[header] // another replica may sign with a key that came just now
}

// JWKS returns the JSON web key set (RFC 7517) of the keys that verify access tokens, newest first; it is empty
// under HS256. The caller must not change it.
func (t *Tokens) JWKS() []byte {
	if t.folder == nil {
		return []byte(`{"keys":[]}`)
	}
	return t.folder.current().jwks
}
