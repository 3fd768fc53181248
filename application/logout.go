package application

import (
	"context"
	"errors"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Logout ends the session of a refresh token: the current one, or one that was rotated, since a source that
// lost an answer has no other.
func (a *App) Logout(ctx context.Context, token string, source domain.Source) error {
	now := a.now()
	claims, err := a.tokens.ParseRefresh(token, now)
	if err != nil {
		return err
	}
	err = a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		s, err := tx.Sessions().Lock(ctx, claims.SessionID, now)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return nil, err
		}
		if err != nil || s.Token.JTI != claims.JTI {
			revoked, verdict, failure := a.spent(ctx, tx, claims, now, &s)
			if verdict != nil || failure != nil {
				return verdict, failure
			}
			if revoked.Reason != domain.ReasonRotated && revoked.Reason != domain.ReasonSuperseded {
				return domain.ErrTokenRevoked, nil
			}
		}
		if err := tx.Sessions().End(ctx, s.Session.ID, domain.ReasonLoggedOut, now); err != nil {
			return nil, err
		}
		return nil, a.record(ctx, tx, now, event{action: domain.ActionSessionEnded, actor: s.User.ID, subject: s.User.ID,
			source: source, details: map[string]string{"session": s.Session.ID.String()}})
	})
	if err != nil {
		return fmt.Errorf("log out: %w", err)
	}
	return nil
}
