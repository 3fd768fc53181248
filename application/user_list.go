package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// User returns one user, to an admin.
func (a *App) User(ctx context.Context, p domain.Principal, id uuid.UUID) (domain.User, error) {
	if err := p.RequireAdmin(); err != nil {
		return domain.User{}, err
	}
	u, err := a.deps.Store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrUserNotFound
	}
	return u.At(a.now()), wrap(err, "read user %s", id)
}

// UserPage is a page of users, newest first.
type UserPage struct {
	Users []domain.User
	Next  uuid.UUID // the cursor of the next page; uuid.Nil: this is the last one
}

// Users returns up to limit users that come after the given one, to an admin; uuid.Nil starts at the newest.
func (a *App) Users(ctx context.Context, p domain.Principal, after uuid.UUID, limit int) (UserPage, error) {
	if err := p.RequireAdmin(); err != nil {
		return UserPage{}, err
	}
	users, err := a.deps.Store.Users().List(ctx, after, limit+1)
	if err != nil {
		return UserPage{}, fmt.Errorf("list users: %w", err)
	}
	now := a.now()
	for i, u := range users {
		users[i] = u.At(now)
	}
	if len(users) <= limit {
		return UserPage{Users: users}, nil
	}
	return UserPage{Users: users[:limit], Next: users[limit-1].ID}, nil
}
