package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Sessions returns the live sessions of a user, newest first, to the user itself or an admin.
func (a *App) Sessions(ctx context.Context, p domain.Principal, user uuid.UUID) ([]domain.Session, error) {
	if err := a.mayManage(ctx, p, user); err != nil {
		return nil, err
	}
	sessions, err := a.store.Sessions().ByUser(ctx, user, a.now())
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", user, err)
	}
	return sessions, nil
}

// EndSession ends one session of a user, for the user itself or an admin.
func (a *App) EndSession(ctx context.Context, p domain.Principal, user, session uuid.UUID, client domain.Client) error {
	if err := a.mayManage(ctx, p, user); err != nil {
		return err
	}
	now := a.now()
	err := a.store.InTx(ctx, func(tx ports.Store) error {
		s, err := tx.Sessions().Lock(ctx, session, now)
		if errors.Is(err, domain.ErrNotFound) || err == nil && s.User.ID != user {
			return domain.ErrSessionNotFound
		}
		if err != nil {
			return err
		}
		if err := tx.Sessions().End(ctx, session, domain.ReasonRevoked, now); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionSessionEnded, actor: p.User.ID, subject: user, client: client,
			details: map[string]string{"session": session.String()}})
	})
	if err != nil {
		return fmt.Errorf("end session %s: %w", session, err)
	}
	return nil
}

// EndSessions ends all sessions of a user, the caller's own included, for the user itself or an admin.
func (a *App) EndSessions(ctx context.Context, p domain.Principal, user uuid.UUID, client domain.Client) error {
	if err := a.mayManage(ctx, p, user); err != nil {
		return err
	}
	now := a.now()
	err := a.store.InTx(ctx, func(tx ports.Store) error {
		if _, err := tx.Sessions().EndAll(ctx, user, uuid.Nil, domain.ReasonRevoked, now); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionSessionsEnded, actor: p.User.ID, subject: user, client: client})
	})
	if err != nil {
		return fmt.Errorf("end the sessions of %s: %w", user, err)
	}
	return nil
}

// mayManage says whether the caller may see and end a user's sessions.
func (a *App) mayManage(ctx context.Context, p domain.Principal, user uuid.UUID) error {
	if p.User.ID == user {
		return nil
	}
	_, err := a.User(ctx, p, user)
	return err
}
