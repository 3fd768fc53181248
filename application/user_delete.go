package application

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// DeleteUser removes a user with all rows of it but the audit's, for an admin or the operator. The last active admin stays.
func (a *App) DeleteUser(ctx context.Context, p domain.Actor, id uuid.UUID, when domain.Versions, source domain.Source) error {
	err := a.write(ctx, p, source, ports.UserSet{IDs: []uuid.UUID{id}, Admins: true}, func(tx *tx) error {
		if err := domain.RequireAdmin(tx.by); err != nil {
			return err
		}
		u, ok := tx.user(id)
		if !ok {
			return domain.ErrUserNotFound
		}
		if err := when.Check(u); err != nil {
			return err
		}
		return a.remove(ctx, tx, u)
	})
	return wrap(err, "delete user %s", id)
}

// DeleteOwnAccount removes the caller's account. The password proves that its owner asks.
func (a *App) DeleteOwnAccount(ctx context.Context, p domain.Principal, currentPassword string, when domain.Versions, source domain.Source) error {
	proof, err := a.proveOwner(ctx, p, currentPassword, source)
	if err != nil {
		return fmt.Errorf("delete own account: %w", err)
	}
	err = a.write(ctx, p, source, ports.UserSet{Admins: true}, func(tx *tx) error {
		if err := proof.holds(tx.actor.User); err != nil {
			return err
		}
		if err := when.Check(tx.actor.User); err != nil {
			return err
		}
		if err := a.remove(ctx, tx, tx.actor.User); err != nil {
			return err
		}
		_, err := proof.settle(ctx, tx)
		return err
	})
	return wrap(err, "delete own account")
}

// remove deletes a locked user. Its audit rows stay, without addresses and user agents.
func (a *App) remove(ctx context.Context, tx *tx, u domain.User) error {
	if err := tx.keepsAnAdmin(u); err != nil {
		return err
	}
	if err := tx.Users().Delete(ctx, u.ID, tx.now); err != nil {
		return err
	}
	if err := a.record(ctx, tx, domain.ActionUserDeleted, u.ID); err != nil {
		return err
	}
	if err := tx.Audit().Forget(ctx, u.ID); err != nil {
		return err
	}
	if !u.Verified() {
		return nil
	}
	return a.notifyAt(ctx, tx, domain.NoticeAccountDeleted, u.Email, u.Locale, domain.Source{RequestID: tx.source.RequestID})
}
