package application

import (
	"context"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// ChangePassword replaces the caller's password, which the present one proves. The other sessions end.
func (a *App) ChangePassword(ctx context.Context, p domain.Principal, current, next string, source domain.Source) error {
	password, err := a.newPassword(next, p.User.Email, p.User.FirstName, p.User.LastName)
	if err != nil {
		return inField(err, "new_password")
	}
	proof, err := a.proveOwner(ctx, p, current, source)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	hash, err := a.hash(ctx, password, source, proof.charged()...)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	err = a.write(ctx, p, source, ports.UserSet{}, func(tx *tx) error {
		u := tx.actor.User
		if err := proof.holds(u); err != nil {
			return err
		}
		u.ChangePassword(hash, tx.now)
		if err := storePassword(ctx, tx, u, p.SessionID); err != nil {
			return err
		}
		if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionPasswordChanged, u.ID); err != nil {
			return err
		}
		if err := a.notify(ctx, tx, domain.NoticePasswordChanged, u); err != nil {
			return err
		}
		_, err := proof.settle(ctx, tx)
		return err
	})
	return wrap(err, "change password")
}
