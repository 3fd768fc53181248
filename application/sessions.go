package application

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Sessions returns the live sessions of a user, newest first, to the user itself or an admin.
func (a *App) Sessions(ctx context.Context, p domain.Principal, user uuid.UUID) ([]domain.Session, error) {
	if p.User.ID != user {
		if _, err := a.User(ctx, p, user); err != nil {
			return nil, err
		}
	}
	sessions, err := a.store.Sessions().ByUser(ctx, user, a.now())
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", user, err)
	}
	return sessions, nil
}

// EndSession ends one session of a user, for the user itself or an admin.
func (a *App) EndSession(ctx context.Context, p domain.Principal, user, session uuid.UUID, source domain.Source) error {
	err := a.writeSessions(ctx, p, user, func(tx ports.Store, h held) error {
		sessions, err := tx.Sessions().ByUser(ctx, user, h.now)
		if err != nil {
			return err
		}
		// Somebody else's session is not even locked: its owner is not.
		if !slices.ContainsFunc(sessions, func(s domain.Session) bool { return s.ID == session }) {
			return domain.ErrSessionNotFound
		}
		err = tx.Sessions().End(ctx, session, domain.ReasonRevoked, h.now)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrSessionNotFound
		}
		if err != nil {
			return err
		}
		return a.record(ctx, tx, h.now, event{action: domain.ActionSessionEnded, actor: p.User.ID, subject: user, source: source,
			details: map[string]string{"session": session.String()}})
	})
	if err != nil {
		return fmt.Errorf("end session %s: %w", session, err)
	}
	return nil
}

// EndSessions ends all sessions of a user, the caller's own included, for the user itself or an admin.
func (a *App) EndSessions(ctx context.Context, p domain.Principal, user uuid.UUID, source domain.Source) error {
	err := a.writeSessions(ctx, p, user, func(tx ports.Store, h held) error {
		if _, err := tx.Sessions().EndAll(ctx, user, uuid.Nil, domain.ReasonRevoked, h.now); err != nil {
			return err
		}
		return a.record(ctx, tx, h.now, event{action: domain.ActionSessionsEnded, actor: p.User.ID, subject: user, source: source})
	})
	if err != nil {
		return fmt.Errorf("end the sessions of %s: %w", user, err)
	}
	return nil
}

// writeSessions is write for a caller who may manage the sessions of a user.
func (a *App) writeSessions(ctx context.Context, p domain.Principal, user uuid.UUID, fn func(tx ports.Store, h held) error) error {
	return a.write(ctx, p, ports.Whom{IDs: []uuid.UUID{user}}, func(tx ports.Store, h held) error {
		if p.User.ID != user {
			if err := h.actor.RequireAdmin(); err != nil {
				return err
			}
		}
		if _, err := h.target(user); err != nil {
			return err
		}
		return fn(tx, h)
	})
}
