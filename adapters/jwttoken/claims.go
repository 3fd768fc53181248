package jwttoken

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

const (
	issuer   = "coffee-shop-api"
	audience = "coffee-shop-users"
)

// kind is what a key signs. A key signs one kind of token only.
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

// claims are what differs from token to token of a kind.
type claims struct {
	JTI, UserID, SessionID uuid.UUID
	Generation             int64
	Role                   domain.Role // access tokens only
	IssuedAt, ExpiresAt    int64       // Unix seconds
}

// The last second that RFC 3339 can write, and the last integer that every JSON reader keeps exactly.
var maxSeconds = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()

const maxGeneration = 1<<53 - 1

var errClaims = errors.New("the claims are not those of a token of this kind")

// check reports what keeps c from being the claims of a token of kind k.
func (k kind) check(c claims) error {
	switch {
	case c.JTI == uuid.Nil, c.SessionID == uuid.Nil, c.UserID == uuid.Nil:
	case c.IssuedAt < 0, c.IssuedAt > maxSeconds, c.ExpiresAt < 0, c.ExpiresAt > maxSeconds:
	case c.Generation < 0, c.Generation > maxGeneration:
	case k == kindRefresh && c.Role != "":
	case k == kindAccess && c.Role != domain.RoleUser && c.Role != domain.RoleAdmin:
	default:
		return nil
	}
	return errClaims
}

// The payload's text between the values. Changing it, or adding a claim, makes replicas of different versions
// refuse each other's tokens, and a live refresh token sign differently.
const (
	beforeExpiresAt  = `{"aud":"` + audience + `","exp":`
	beforeGeneration = `,"gen":`
	beforeIssuedAt   = `,"iat":`
	beforeJTI        = `,"iss":"` + issuer + `","jti":"`
	beforeRole       = `","role":"`
	beforeScope      = `","scope":"`
	beforeSessionID  = `","sid":"`
	beforeUserID     = `","sub":"`
	afterUserID      = `"}`
)

// write returns the payload. No value that passed check needs escaping.
func (k kind) write(c claims) []byte {
	b := make([]byte, 0, 320)
	b = strconv.AppendInt(append(b, beforeExpiresAt...), c.ExpiresAt, 10)
	b = strconv.AppendInt(append(b, beforeGeneration...), c.Generation, 10)
	b = strconv.AppendInt(append(b, beforeIssuedAt...), c.IssuedAt, 10)
	b = append(append(b, beforeJTI...), c.JTI.String()...)
	if k == kindAccess {
		b = append(append(b, beforeRole...), c.Role...)
	}
	b = append(append(b, beforeScope...), k.scope()...)
	b = append(append(b, beforeSessionID...), c.SessionID.String()...)
	b = append(append(b, beforeUserID...), c.UserID.String()...)
	return append(b, afterUserID...)
}

// read returns the claims of an encoded payload, whose signature is good. It only looks for the values: that
// everything else is right too follows from writing them again.
func (k kind) read(payload string) (claims, error) {
	decoded, err := strict.DecodeString(payload)
	if err != nil {
		return claims{}, fmt.Errorf("decode the payload: %w", err)
	}
	text := string(decoded)
	r := reader{rest: text}
	var c claims
	r.until(beforeExpiresAt)
	c.ExpiresAt = r.number(beforeGeneration)
	c.Generation = r.number(beforeIssuedAt)
	c.IssuedAt = r.number(beforeJTI)
	if k == kindAccess {
		c.JTI = r.id(beforeRole)
		c.Role = domain.Role(r.until(beforeScope))
	} else {
		c.JTI = r.id(beforeScope)
	}
	r.until(beforeSessionID)
	c.SessionID = r.id(beforeUserID)
	c.UserID = r.id(afterUserID)
	if r.failed || k.check(c) != nil || string(k.write(c)) != text {
		return claims{}, errClaims
	}
	return c, nil
}

// reader takes a text apart; failed says that something was not there.
type reader struct {
	rest   string
	failed bool
}

func (r *reader) until(mark string) string {
	value, rest, ok := strings.Cut(r.rest, mark)
	r.rest, r.failed = rest, r.failed || !ok
	return value
}

func (r *reader) number(mark string) int64 {
	n, err := strconv.ParseInt(r.until(mark), 10, 64)
	r.failed = r.failed || err != nil
	return n
}

func (r *reader) id(mark string) uuid.UUID {
	id, err := uuid.Parse(r.until(mark))
	r.failed = r.failed || err != nil
	return id
}
