package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Authenticate returns the caller of an access token, with user and session as they are now: an ended session is
// domain.ErrSessionEnded at once, on every replica. With custom, the user has its custom fields.
func (a *App) Authenticate(ctx context.Context, token string, source domain.Source, custom bool) (domain.Principal, error) {
	now := a.now()
	claims, err := a.deps.Tokens.ParseAccess(token, now)
	if err != nil {
		return domain.Principal{}, err
	}
	got, err := a.deps.Store.Sessions().Authenticate(ctx, claims.SessionID, claims.Generation, now, custom)
	if errors.Is(err, domain.ErrNotFound) || err == nil && got.User.ID != claims.UserID {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	if err != nil {
		return domain.Principal{}, fmt.Errorf("authenticate: %w", err)
	}
	if !got.SupersededAt.IsZero() && now.Sub(got.SupersededAt) >= a.deps.Settings.Sessions.Grace {
		return domain.Principal{}, a.refuseStolen(ctx, claims.SessionID, source)
	}
	if claims.Generation == got.Generation && !got.InUse {
		if err := a.deps.Store.Sessions().MarkDelivered(ctx, claims.SessionID, claims.Generation); err != nil {
			return domain.Principal{}, fmt.Errorf("mark a generation as delivered: %w", err)
		}
	}
	return domain.Principal{User: got.User.At(now), SessionID: claims.SessionID}, nil
}

// refuseStolen ends the session of an access token whose generation was superseded. The answer with that generation
// was not lost after all, so two parties hold tokens of the session.
func (a *App) refuseStolen(ctx context.Context, session uuid.UUID, source domain.Source) error {
	err := a.write(ctx, domain.Anonymous{}, source, ports.UserSet{}, func(tx *tx) error {
		s, err := tx.Sessions().Lock(ctx, session, tx.now)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrSessionEnded
		}
		if err != nil {
			return err
		}
		return a.endStolen(ctx, tx, s)
	})
	return fmt.Errorf("authenticate: %w", err)
}
