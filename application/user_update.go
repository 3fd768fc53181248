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
	Profile   []byte // a merge patch (RFC 7396): an object, or null
	AppData   []byte // the same; for admins
	// CurrentPassword is needed to change one's own address.
	CurrentPassword string
	When            domain.Versions
	Source          domain.Source
}

// UpdateUser changes a user, for the user itself or an admin. Only an admin changes roles and AppData. An address that an admin
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
		before := u
		if before.Custom, err = tx.custom(ctx, u.ID); err != nil {
			return err
		}
		if err := u.Rename(or(in.FirstName, u.FirstName), or(in.LastName, u.LastName), tx.now); err != nil {
			return err
		}
		if in.Locale != nil {
			u.ChangeLocale(locale, tx.now)
		}
		if u.Custom, err = in.changeCustom(ctx, tx, u.ID, before.Custom); err != nil {
			return err
		}
		if u.UpdatedAt = before.UpdatedAt; u == before && in.Email == nil && (in.Role == nil || role == u.Role) {
			return nil // nothing to record, and no new version
		}
		u.UpdatedAt = tx.now
		if err := a.record(ctx, tx, domain.ActionUserUpdated, u.ID); err != nil {
			return err
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
		if locale, err = domain.ParseLocale(*in.Locale); err != nil {
			return email, role, locale, err
		}
	}
	_, err = in.merge(domain.CustomFields{}) // what is faulty by itself is refused before any work
	return email, role, locale, err
}

// changeCustom applies the patches to a locked user's custom fields, and returns what they are then.
func (in UpdateUser) changeCustom(ctx context.Context, tx *tx, id uuid.UUID, present domain.CustomFields) (domain.CustomFields, error) {
	changed, err := in.merge(present)
	if err != nil || changed == present {
		return changed, err
	}
	return changed, tx.Users().SetCustom(ctx, id, changed)
}

func (in UpdateUser) merge(c domain.CustomFields) (_ domain.CustomFields, err error) {
	if in.Profile != nil {
		if c.Profile, err = c.Profile.Merge("profile", in.Profile); err != nil {
			return c, err
		}
	}
	if in.AppData != nil {
		c.AppData, err = c.AppData.Merge("app_data", in.AppData)
	}
	return c, err
}

// custom reads a locked user's custom fields, which the lock leaves out.
func (tx *tx) custom(ctx context.Context, id uuid.UUID) (domain.CustomFields, error) {
	u, err := tx.Users().ByID(ctx, id)
	return u.Custom, err
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
