package application

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Sessions returns the live sessions of a user, newest first, to the user itself or an admin.
func (a *App) Sessions(ctx context.Context, p domain.Principal, user uuid.UUID) ([]domain.Session, error) {
	if p.User.ID != user {
		if _, err := a.User(ctx, p, user); err != nil {
			return nil, err
		}
	}
	sessions, err := a.deps.Store.Sessions().ByUser(ctx, user, a.now())
	if err != nil {
		return nil, fmt.Errorf("list the sessions of %s: %w", user, err)
	}
	return sessions, nil
}
