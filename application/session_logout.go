package application

import (
	"context"
	"errors"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Logout ends the session of a refresh token: the current one, or one that was rotated, since a client that lost an
// answer has no other.
func (a *App) Logout(ctx context.Context, token string, source domain.Source) error {
	claims, err := a.deps.Tokens.ParseRefresh(token, a.now())
	if err != nil {
		return err
	}
	err = a.write(ctx, domain.Anonymous{}, source, ports.UserSet{}, func(tx *tx) error {
		s, err := tx.Sessions().Lock(ctx, claims.SessionID, tx.now)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		if err != nil || s.Token.JTI != claims.JTI {
			var revoked domain.RevokedToken
			if s, revoked, err = tx.lockRevoked(ctx, claims); err != nil {
				return err
			}
			if revoked.Reason != domain.ReasonRotated && revoked.Reason != domain.ReasonSuperseded {
				return domain.ErrTokenRevoked
			}
		}
		if err := tx.Sessions().End(ctx, s.Session.ID, domain.ReasonLoggedOut, tx.now); err != nil {
			return err
		}
		tx.identify(s.User)
		return a.record(ctx, tx, domain.ActionSessionEnded, s.User.ID, "session", s.Session.ID.String())
	})
	return wrap(err, "log out")
}
