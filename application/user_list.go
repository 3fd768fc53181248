package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// User returns one user, to an admin or the operator.
func (a *App) User(ctx context.Context, p domain.Actor, id uuid.UUID) (domain.User, error) {
	if err := domain.RequireAdmin(p); err != nil {
		return domain.User{}, err
	}
	u, err := a.deps.Store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrUserNotFound
	}
	return u.At(a.now()), wrap(err, "read user %s", id)
}

// UserOf returns the user that an address stands for, to the operator.
func (a *App) UserOf(ctx context.Context, address string) (domain.User, error) {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return domain.User{}, err
	}
	u, err := a.deps.Store.Users().ByEmail(ctx, email.Key)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrUserNotFound
	}
	if err != nil {
		return domain.User{}, fmt.Errorf("read the user of an address: %w", err)
	}
	return a.User(ctx, domain.Operator{}, u.ID) // with its custom fields
}

// ListUsers asks for a page of users. Its filter's Now is set by the application.
type ListUsers struct {
	domain.UserFilter
	Sort   domain.UserSort
	Cursor string // of the page before; empty: the first page
	Limit  int
}

// UserPage is a page of users. A page may be short, or empty, although another one follows.
type UserPage struct {
	Users []domain.User
	Next  string // the cursor of the next page; empty: this is the last one
}

// Users returns a page of users, to an admin or the operator. A cursor is good for the same filter and order only, whatever the limit:
// domain.ErrInvalidCursor otherwise.
func (a *App) Users(ctx context.Context, p domain.Actor, in ListUsers) (UserPage, error) {
	if err := domain.RequireAdmin(p); err != nil {
		return UserPage{}, err
	}
	now := a.now()
	q := domain.UserQuery{UserFilter: in.UserFilter, Sort: in.Sort, Limit: in.Limit}
	q.Now = now
	bound := fmt.Sprintf("users %s %s", in.Sort, in.Text())
	if in.Cursor != "" {
		place, err := a.cursors.Open(in.Cursor, bound)
		if err != nil {
			return UserPage{}, err
		}
		if q.After.At, q.After.ID, q.After.Email, err = readPlace(place); err != nil {
			return UserPage{}, err
		}
	}
	page, err := a.deps.Store.Users().List(ctx, q)
	if err != nil {
		return UserPage{}, fmt.Errorf("list users: %w", err)
	}
	for i, u := range page.Users {
		page.Users[i] = u.At(now)
	}
	out := UserPage{Users: page.Users}
	if !page.Next.IsZero() {
		out.Next = a.cursors.Seal(writePlace(page.Next.At, page.Next.ID, page.Next.Email), bound)
	}
	return out, nil
}

// CountUsers returns how many users fit a filter, to an admin.
func (a *App) CountUsers(ctx context.Context, p domain.Principal, f domain.UserFilter) (domain.Tally, error) {
	if err := domain.RequireAdmin(p); err != nil {
		return domain.Tally{}, err
	}
	f.Now = a.now()
	tally, err := a.deps.Store.Users().Count(ctx, f)
	return tally, wrap(err, "count users")
}
