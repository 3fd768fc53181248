package application

import (
	"context"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// PromoteAdmin makes the verified user of an address an admin, for the operator; repeating it is no error.
func (a *App) PromoteAdmin(ctx context.Context, address string) (domain.User, error) {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return domain.User{}, err
	}
	var u domain.User
	err = a.write(ctx, domain.Operator{}, domain.Source{}, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		var found bool
		if u, found = tx.owner(email.Key); !found {
			return domain.ErrUserNotFound
		}
		if u.Role == domain.RoleAdmin {
			return nil
		}
		if err := u.ChangeRole(domain.RoleAdmin, tx.now); err != nil {
			return err
		}
		if err := tx.update(ctx, &u); err != nil {
			return err
		}
		return a.record(ctx, tx, domain.ActionRoleChanged, u.ID, "role", string(u.Role))
	})
	return u, wrap(err, "promote")
}
