package application

import (
	"fmt"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// TokenPair is the answer to a login or a refresh.
type TokenPair struct {
	Access    domain.Secret
	Refresh   domain.Secret
	ExpiresIn time.Duration // of the access token
}

// sign makes the tokens of a session's current generation.
func (a *App) sign(s ports.SessionState, now time.Time) (TokenPair, error) {
	iat := now.Truncate(time.Second)
	exp := iat.Add(a.deps.Settings.Sessions.Access)
	if exp.After(s.Token.ExpiresAt) { // Sessions.Authenticate relies on it
		exp = s.Token.ExpiresAt
	}
	access, err := a.deps.Tokens.SignAccess(ports.AccessClaims{
		JTI: a.deps.NewRandomID(), UserID: s.User.ID, SessionID: s.Session.ID, Generation: s.Session.Generation,
		Role: s.User.Role, IssuedAt: iat, ExpiresAt: exp,
	})
	if err != nil {
		return TokenPair{}, fmt.Errorf("sign an access token: %w", err)
	}
	refresh, err := a.deps.Tokens.SignRefresh(ports.RefreshClaims{RefreshToken: s.Token, UserID: s.User.ID})
	if err != nil {
		return TokenPair{}, fmt.Errorf("sign a refresh token: %w", err)
	}
	return TokenPair{Access: domain.NewSecret(access), Refresh: domain.NewSecret(refresh), ExpiresIn: exp.Sub(iat)}, nil
}
