package application

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// UpdateUser changes the fields that are not nil.
type UpdateUser struct {
	ID        uuid.UUID
	FirstName *string // an empty name clears it
	LastName  *string
	Email     *string
	Role      *string
	Locale    *string
	// CurrentPassword is needed to change one's own address.
	CurrentPassword string
	When            domain.Versions
	Source          domain.Source
}

// UpdateUser changes a user, for the user itself or an admin. Only an admin changes roles. An address that an admin
// gives somebody else takes effect at once, and both addresses are told; one's own becomes the pending one, until
// ConfirmEmail.
func (a *App) UpdateUser(ctx context.Context, p domain.Principal, in UpdateUser) (domain.User, error) {
	if err := in.allowed(p); err != nil {
		return domain.User{}, err
	}
	email, role, locale, err := in.parse()
	if err != nil {
		return domain.User{}, err
	}
	self := p.User.ID == in.ID
	var proof proof
	if self && in.Email != nil {
		if proof, err = a.proveOwner(ctx, p, in.CurrentPassword, in.Source); err != nil {
			return domain.User{}, fmt.Errorf("update user %s: %w", in.ID, err)
		}
	}
	who := ports.UserSet{Address: email.Key, IDs: []uuid.UUID{in.ID}, Admins: role == domain.RoleUser}
	var u domain.User
	err = a.write(ctx, p, in.Source, who, func(tx *tx) error {
		if err := in.allowed(tx.actor); err != nil {
			return err
		}
		var ok bool
		if u, ok = tx.user(in.ID); !ok {
			return domain.ErrUserNotFound
		}
		if err := in.When.Check(u); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionUserUpdated, u.ID); err != nil {
			return err
		}
		if err := u.Rename(or(in.FirstName, u.FirstName), or(in.LastName, u.LastName), tx.now); err != nil {
			return err
		}
		if in.Locale != nil {
			u.ChangeLocale(locale, tx.now)
		}
		if in.Role != nil && role != u.Role {
			if err := a.changeRole(ctx, tx, &u, role); err != nil {
				return err
			}
		}
		switch {
		case in.Email == nil:
			return tx.update(ctx, &u)
		case self:
			return a.changeOwnEmail(ctx, tx, &u, email, proof)
		default:
			return a.assignEmail(ctx, tx, &u, email)
		}
	})
	return u.At(a.now()), wrap(err, "update user %s", in.ID)
}

// parse reads the new address, role and locale; zero: they stay.
func (in UpdateUser) parse() (email domain.Email, role domain.Role, locale domain.Locale, err error) {
	if in.Email != nil {
		if email, err = domain.ParseEmail(*in.Email); err != nil {
			return email, role, locale, err
		}
	}
	if in.Role != nil {
		if role, err = domain.ParseRole(*in.Role); err != nil {
			return email, role, locale, err
		}
	}
	if in.Locale != nil {
		locale, err = domain.ParseLocale(*in.Locale)
	}
	return email, role, locale, err
}

// changeRole gives a locked user another role. The last active admin stays one.
func (a *App) changeRole(ctx context.Context, tx *tx, u *domain.User, role domain.Role) error {
	if role == domain.RoleUser {
		if err := tx.keepsAnAdmin(*u); err != nil {
			return err
		}
	}
	if err := u.ChangeRole(role, tx.now); err != nil {
		return err
	}
	return a.record(ctx, tx, domain.ActionRoleChanged, u.ID)
}

func or(given *string, present string) string {
	if given != nil {
		return *given
	}
	return present
}
