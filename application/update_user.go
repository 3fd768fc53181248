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

// UpdateUser changes what is not nil.
type UpdateUser struct {
	ID        uuid.UUID
	FirstName *string // an empty name clears it
	LastName  *string
	Email     *string
	Role      *string
	Client    domain.Client
}

// UpdateUser changes a user, for the user itself or an admin. Role and address are for admins to change, and
// nobody's address is changed without proof by its owner: an admin may not change their own here either.
func (a *App) UpdateUser(ctx context.Context, p domain.Principal, in UpdateUser) (domain.User, error) {
	self := p.User.ID == in.ID
	switch {
	case !self && !p.IsAdmin():
		return domain.User{}, domain.ErrNotYourAccount
	case in.Role != nil && !p.IsAdmin():
		return domain.User{}, domain.ErrRoleChangeDenied
	case in.Email != nil && self:
		return domain.User{}, domain.ErrEmailChangeDenied
	}
	var email domain.Email
	var role domain.Role
	var err error
	if in.Email != nil {
		if email, err = domain.ParseEmail(*in.Email); err != nil {
			return domain.User{}, err
		}
	}
	if in.Role != nil {
		if role, err = domain.ParseRole(*in.Role); err != nil {
			return domain.User{}, err
		}
	}
	now := a.now()
	var u domain.User
	err = a.store.InTx(ctx, func(tx ports.Store) (err error) {
		if in.Email != nil {
			if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
				return err
			}
		}
		if u, err = a.lockUser(ctx, tx, p, in.ID, role == domain.RoleUser, now); err != nil {
			return err
		}
		if in.FirstName != nil || in.LastName != nil {
			if err := u.Rename(or(in.FirstName, u.FirstName), or(in.LastName, u.LastName), now); err != nil {
				return err
			}
		}
		actions := []domain.Action{domain.ActionUserUpdated}
		if in.Email != nil {
			if err := a.moveTo(ctx, tx, &u, email, now); err != nil {
				return err
			}
			actions = append(actions, domain.ActionEmailChanged)
		}
		if in.Role != nil && role != u.Role {
			if err := u.ChangeRole(role, now); err != nil {
				return err
			}
			actions = append(actions, domain.ActionRoleChanged)
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		u.Version++
		for _, action := range actions {
			if err := a.record(ctx, tx, now, event{action: action, actor: p.User.ID, subject: u.ID, client: in.Client}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("update user %s: %w", in.ID, err)
	}
	return u, nil
}

// lockUser locks a user that is about to be changed; where the change would take an active admin away, it first
// locks all admins and makes sure that another one remains, and that the caller still is one.
func (a *App) lockUser(ctx context.Context, tx ports.Store, p domain.Principal, id uuid.UUID, takesAdmin bool, now time.Time) (domain.User, error) {
	if takesAdmin {
		admins, err := tx.Users().LockAdmins(ctx)
		if err != nil {
			return domain.User{}, err
		}
		if err := oneRemains(admins, p.User.ID, id, now); err != nil {
			return domain.User{}, err
		}
	}
	u, err := tx.Users().Lock(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.User{}, domain.ErrUserNotFound
	}
	return u, err
}

// oneRemains makes sure that the admins still hold actor, and an active one besides target if target is one.
func oneRemains(admins []domain.User, actor, target uuid.UUID, now time.Time) error {
	others, targeted, acting := 0, false, false
	for _, admin := range admins {
		acting = acting || admin.ID == actor
		switch {
		case !admin.ActiveAdmin(now):
		case admin.ID == target:
			targeted = true
		default:
			others++
		}
	}
	if targeted && others == 0 {
		return domain.ErrLastAdmin
	}
	if !acting {
		return domain.ErrAdminOnly
	}
	return nil
}

// moveTo gives u another address. Codes that were on their way to the old one are worth nothing any more, and
// a verified user leaves no room for sign-ups of the new one.
func (a *App) moveTo(ctx context.Context, tx ports.Store, u *domain.User, email domain.Email, now time.Time) error {
	if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
		return err
	}
	if u.Verified() {
		if err := tx.Users().DeleteAttempts(ctx, email.Key, 0); err != nil {
			return err
		}
	}
	u.ChangeEmail(email, now)
	return nil
}

func or(given *string, present string) string {
	if given != nil {
		return *given
	}
	return present
}
