package application

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// EndSession ends one session of a user, for the user itself or an admin.
func (a *App) EndSession(ctx context.Context, p domain.Principal, user, session uuid.UUID, source domain.Source) error {
	err := a.writeSessions(ctx, p, user, source, func(tx *tx) error {
		sessions, err := tx.Sessions().ByUser(ctx, user, tx.now)
		if err != nil {
			return err
		}
		// Somebody else's session is not even locked: its owner is not.
		if !slices.ContainsFunc(sessions, func(s domain.Session) bool { return s.ID == session }) {
			return domain.ErrSessionNotFound
		}
		err = tx.Sessions().End(ctx, session, domain.ReasonRevoked, tx.now)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrSessionNotFound
		}
		if err != nil {
			return err
		}
		return a.record(ctx, tx, domain.ActionSessionEnded, user, "session", session.String())
	})
	return wrap(err, "end session %s", session)
}

// EndSessions ends all sessions of a user, the caller's own included, for the user itself or an admin.
func (a *App) EndSessions(ctx context.Context, p domain.Principal, user uuid.UUID, source domain.Source) error {
	err := a.writeSessions(ctx, p, user, source, func(tx *tx) error {
		if _, err := tx.Sessions().EndAll(ctx, user, uuid.Nil, domain.ReasonRevoked, tx.now); err != nil {
			return err
		}
		return a.record(ctx, tx, domain.ActionSessionsEnded, user)
	})
	return wrap(err, "end the sessions of %s", user)
}

// writeSessions is write for a caller who may manage the sessions of a user.
func (a *App) writeSessions(ctx context.Context, p domain.Principal, user uuid.UUID, source domain.Source, fn func(tx *tx) error) error {
	return a.write(ctx, p, source, ports.UserSet{IDs: []uuid.UUID{user}}, func(tx *tx) error {
		if p.User.ID != user {
			if err := domain.RequireAdmin(tx.by); err != nil {
				return err
			}
		}
		if _, ok := tx.user(user); !ok {
			return domain.ErrUserNotFound
		}
		return fn(tx)
	})
}
