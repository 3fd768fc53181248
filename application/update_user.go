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
	// CurrentPassword is needed to change one's own address.
	CurrentPassword string
	Client          domain.Client
}

// UpdateUser changes a user, for the user itself or an admin. Roles are for admins to change. An address that an
// admin gives somebody else holds at once, and both addresses are told; one's own becomes the pending one, which
// ConfirmEmail puts into force.
func (a *App) UpdateUser(ctx context.Context, p domain.Principal, in UpdateUser) (domain.User, error) {
	self := p.User.ID == in.ID
	switch {
	case !self && !p.IsAdmin():
		return domain.User{}, domain.ErrNotYourAccount
	case in.Role != nil && !p.IsAdmin():
		return domain.User{}, domain.ErrRoleChangeDenied
	case in.Email != nil && self && in.CurrentPassword == "":
		return domain.User{}, domain.ErrPasswordRequired
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
	settle := func(ports.Store, domain.User) error { return nil }
	if in.Email != nil && self {
		if settle, err = a.proveOwner(ctx, p, in.CurrentPassword, in.Client, now); err != nil {
			return domain.User{}, fmt.Errorf("update user %s: %w", in.ID, err)
		}
	}
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
		if err := settle(tx, u); err != nil {
			return err
		}
		if in.FirstName != nil || in.LastName != nil {
			if err := u.Rename(or(in.FirstName, u.FirstName), or(in.LastName, u.LastName), now); err != nil {
				return err
			}
		}
		actions := []domain.Action{domain.ActionUserUpdated}
		if in.Email != nil {
			change := a.assignEmail
			if self {
				change = a.requestEmail
			}
			action, err := change(ctx, tx, &u, email, in.Client, now)
			if err != nil {
				return err
			}
			actions = append(actions, action)
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
	if !acting && actor != target {
		return domain.ErrAdminOnly
	}
	return nil
}

func or(given *string, present string) string {
	if given != nil {
		return *given
	}
	return present
}
