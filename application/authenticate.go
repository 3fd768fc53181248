package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Authenticate tells who calls with an access token, as the user and session are now: an ended session is
// domain.ErrSessionEnded at once, on every replica.
func (a *App) Authenticate(ctx context.Context, token string, source domain.Source) (domain.Principal, error) {
	now := a.now()
	claims, err := a.tokens.ParseAccess(token, now)
	if err != nil {
		return domain.Principal{}, err
	}
	got, err := a.store.Sessions().Authenticate(ctx, claims.SessionID, claims.Generation, now)
	if errors.Is(err, domain.ErrNotFound) || err == nil && got.User.ID != claims.UserID {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	if err != nil {
		return domain.Principal{}, fmt.Errorf("authenticate: %w", err)
	}
	if !got.SupersededAt.IsZero() && now.Sub(got.SupersededAt) >= a.settings.RefreshGrace {
		return domain.Principal{}, a.refuseStolen(ctx, claims.SessionID, source, now)
	}
	if claims.Generation == got.Generation && !got.InUse {
		if err := a.store.Sessions().MarkDelivered(ctx, claims.SessionID, claims.Generation); err != nil {
			return domain.Principal{}, fmt.Errorf("mark a generation as delivered: %w", err)
		}
	}
	return domain.Principal{User: got.User, SessionID: claims.SessionID}, nil
}

// refuseStolen ends the session of an access token whose generation was superseded: its answer was not lost
// after all, so somebody else has the owner's refresh token, or the owner's is in other hands.
func (a *App) refuseStolen(ctx context.Context, session uuid.UUID, source domain.Source, now time.Time) error {
	err := a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		s, err := tx.Sessions().Lock(ctx, session, now)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrSessionEnded, nil
		}
		if err != nil {
			return nil, err
		}
		return domain.ErrTokenReused, a.endStolen(ctx, tx, s, source, now)
	})
	return fmt.Errorf("authenticate: %w", err)
}
