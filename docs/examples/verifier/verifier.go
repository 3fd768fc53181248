// Package verifier verifies access tokens in another service, by the public keys alone.
package verifier

import (
	"context"
	"fmt"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// Claims are what an access token says.
type Claims struct {
	jwt.RegisteredClaims

	Scope   string `json:"scope"`
	Role    string `json:"role"`
	Session string `json:"sid"`
}

// Verifier knows the keys.
type Verifier struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

// New fetches the keys of the service at api, and follows them until ctx ends. A key that it does not know makes it look
// again, at most once a second: keys change while the service runs.
func New(ctx context.Context, api string) (*Verifier, error) {
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{api + "/.well-known/jwks.json"},
		keyfunc.Override{RefreshUnknownKID: rate.NewLimiter(rate.Every(time.Second), 1)})
	if err != nil {
		return nil, fmt.Errorf("fetch the keys: %w", err)
	}
	return &Verifier{keys, jwt.NewParser(
		jwt.WithIssuer("coffee-shop-api"), jwt.WithAudience("coffee-shop-users"), jwt.WithExpirationRequired(),
		jwt.WithValidMethods([]string{"EdDSA", "ES256", "RS256"}), // never what the token itself asks for
	)}, nil
}

// Verify returns the claims of a good access token. The user's id is the Subject.
func (v *Verifier) Verify(token string) (Claims, error) {
	var claims Claims
	if _, err := v.parser.ParseWithClaims(token, &claims, v.keys.Keyfunc); err != nil {
		return Claims{}, err
	}
	if claims.Scope != "access_token" {
		return Claims{}, fmt.Errorf("the token's scope is %q", claims.Scope)
	}
	return claims, nil
}
