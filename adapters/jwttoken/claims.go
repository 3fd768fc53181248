package jwttoken

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// kind is the kind of token that a key signs. A key signs one kind only.
type kind uint8

const (
	kindAccess kind = iota + 1
	kindRefresh
)

func (k kind) scope() string {
	if k == kindAccess {
		return "access_token"
	}
	return "refresh_token"
}

// claims are the payload. Their order, and the claims of a refresh token, never change: a live refresh token is signed
// again to the letter. A claim that a later version adds to access tokens is ignored here, so that replicas of both
// versions take each other's tokens.
type claims struct {
	Audience   string    `json:"aud"`
	ExpiresAt  int64     `json:"exp"` // Unix seconds, as all times
	Generation int64     `json:"gen"`
	IssuedAt   int64     `json:"iat"`
	Issuer     string    `json:"iss"`
	JTI        uuid.UUID `json:"jti"`
	NotBefore  int64     `json:"nbf,omitzero"` // never written
	Role       string    `json:"role,omitzero"`
	Scope      string    `json:"scope"`
	SessionID  uuid.UUID `json:"sid"`
	UserID     uuid.UUID `json:"sub"`
}

// The last second that RFC 3339 can write, and the last integer that every JSON reader keeps exactly.
var maxSeconds = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()

const maxGeneration = 1<<53 - 1

var errClaims = errors.New("the claims are not those of a token of this kind")

// check returns an error unless c are the claims of a token of kind k.
func (k kind) check(c claims) error {
	switch {
	case c.JTI == uuid.Nil, c.SessionID == uuid.Nil, c.UserID == uuid.Nil:
	case c.IssuedAt <= 0, c.IssuedAt > maxSeconds, c.ExpiresAt <= 0, c.ExpiresAt > maxSeconds:
	case c.Generation <= 0, c.Generation > maxGeneration:
	case c.Scope != k.scope(), (k == kindAccess) != (c.Role != ""):
	default:
		return nil
	}
	return errClaims
}

// readClaims reads an encoded payload. It ignores unknown members and refuses repeated ones.
func readClaims(payload string) (c claims, err error) {
	text, err := strict.DecodeString(payload)
	if err != nil {
		return c, fmt.Errorf("decode the payload: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("read the payload: %w", err)
	}
	return c, nil
}
