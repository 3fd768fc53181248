package application

import (
	"context"
	"fmt"

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
	Source          domain.Source
}

// UpdateUser changes a user, for the user itself or an admin. Roles are for admins to change. An address that an
// admin gives somebody else takes effect at once, and both addresses are told; one's own becomes the pending one,
// until ConfirmEmail.
func (a *App) UpdateUser(ctx context.Context, p domain.Principal, in UpdateUser) (domain.User, error) {
	if err := in.allowed(p); err != nil {
		return domain.User{}, err
	}
	email, role, err := in.parse()
	if err != nil {
		return domain.User{}, err
	}
	var proof proof
	if in.movesItself(p) {
		if proof, err = a.proveOwner(ctx, p, in.CurrentPassword, in.Source); err != nil {
			return domain.User{}, fmt.Errorf("update user %s: %w", in.ID, err)
		}
	}
	who := ports.Whom{Address: email.Key, IDs: []uuid.UUID{in.ID}, Admins: role == domain.RoleUser}
	var u domain.User
	err = a.write(ctx, p, who, func(tx ports.Store, h held) (err error) {
		if err := in.allowed(h.actor); err != nil {
			return err
		}
		if u, err = h.target(in.ID); err != nil {
			return err
		}
		if in.movesItself(p) {
			if err := proof.holds(u); err != nil {
				return err
			}
		}
		actions, err := a.change(ctx, tx, h, &u, in, email, role)
		if err != nil {
			return err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		u.Version++
		for _, action := range actions {
			if err := a.record(ctx, tx, h.now, event{action: action, actor: p.User.ID, subject: u.ID, source: in.Source}); err != nil {
				return err
			}
		}
		if !in.movesItself(p) {
			return nil
		}
		if _, err := a.settle(ctx, tx, proof.try, h.now); err != nil || u.PendingEmail.IsZero() {
			return err
		}
		return a.mailPending(ctx, tx, h, u, in.Source)
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("update user %s: %w", in.ID, err)
	}
	return u, nil
}

// allowed says whether the caller may change these fields of that user.
func (in UpdateUser) allowed(p domain.Principal) error {
	self := p.User.ID == in.ID
	switch {
	case !self && !p.IsAdmin():
		return domain.ErrNotYourAccount
	case in.Role != nil && !p.IsAdmin():
		return domain.ErrRoleChangeDenied
	case in.Email != nil && self && in.CurrentPassword == "":
		return domain.ErrPasswordRequired
	}
	return nil
}

// movesItself reports whether the caller wants another address of its own.
func (in UpdateUser) movesItself(p domain.Principal) bool {
	return in.Email != nil && p.User.ID == in.ID
}

// parse reads the new address and role; zero: they stay.
func (in UpdateUser) parse() (email domain.Email, role domain.Role, err error) {
	if in.Email != nil {
		if email, err = domain.ParseEmail(*in.Email); err != nil {
			return email, role, err
		}
	}
	if in.Role != nil {
		role, err = domain.ParseRole(*in.Role)
	}
	return email, role, err
}

// change makes the changes to u, and returns what to record of them.
func (a *App) change(ctx context.Context, tx ports.Store, h held, u *domain.User, in UpdateUser, email domain.Email, role domain.Role) ([]domain.Action, error) {
	actions := []domain.Action{domain.ActionUserUpdated}
	if in.FirstName != nil || in.LastName != nil {
		if err := u.Rename(or(in.FirstName, u.FirstName), or(in.LastName, u.LastName), h.now); err != nil {
			return nil, err
		}
	}
	switch {
	case in.Email == nil:
	case !in.movesItself(h.actor):
		if err := a.assignEmail(ctx, tx, h, u, email, in.Source); err != nil {
			return nil, err
		}
		actions = append(actions, domain.ActionEmailChanged)
	case email.Key == u.Email.Key: // another way to write the same address needs no proof
		if email != u.Email {
			if err := a.notify(ctx, tx, h.now, domain.NoticeEmailChanged, *u, in.Source); err != nil {
				return nil, err
			}
		}
		u.ChangeEmail(email, h.now)
		actions = append(actions, domain.ActionEmailChanged)
	default:
		u.AwaitEmail(email, h.now)
		actions = append(actions, domain.ActionEmailRequested)
	}
	if in.Role != nil && role != u.Role {
		if role == domain.RoleUser {
			if err := h.keepsAnAdmin(*u); err != nil {
				return nil, err
			}
		}
		if err := u.ChangeRole(role, h.now); err != nil {
			return nil, err
		}
		actions = append(actions, domain.ActionRoleChanged)
	}
	return actions, nil
}

func or(given *string, present string) string {
	if given != nil {
		return *given
	}
	return present
}
