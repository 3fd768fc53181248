package application

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// DeleteUser removes a user and everything of it but its audit rows, for an admin.
func (a *App) DeleteUser(ctx context.Context, p domain.Principal, id uuid.UUID, client domain.Client) error {
	if err := p.RequireAdmin(); err != nil {
		return err
	}
	now := a.now()
	err := a.store.InTx(ctx, func(tx ports.Store) error {
		u, err := a.lockUser(ctx, tx, p, id, true, now)
		if err != nil {
			return err
		}
		return a.remove(ctx, tx, u, p.User.ID, client, now)
	})
	if err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// remove deletes a locked user. Its audit rows stay, without what would tell where it was.
func (a *App) remove(ctx context.Context, tx ports.Store, u domain.User, actor uuid.UUID, client domain.Client, now time.Time) error {
	if err := tx.Users().Delete(ctx, u.ID, now); err != nil {
		return err
	}
	if err := a.record(ctx, tx, now, event{action: domain.ActionUserDeleted, actor: actor, subject: u.ID, client: client}); err != nil {
		return err
	}
	if err := tx.Audit().Forget(ctx, u.ID); err != nil {
		return err
	}
	if !u.Verified() {
		return nil
	}
	return a.notify(ctx, tx, now, domain.NoticeAccountDeleted, u, domain.Client{RequestID: client.RequestID})
}

// DeleteOwnAccount removes the caller's account; the password proves that it is the owner who asks.
func (a *App) DeleteOwnAccount(ctx context.Context, p domain.Principal, currentPassword string, client domain.Client) error {
	now := a.now()
	settle, err := a.proveOwner(ctx, p, currentPassword, client, now)
	if err != nil {
		return fmt.Errorf("delete own account: %w", err)
	}
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		u, err := a.lockUser(ctx, tx, p, p.User.ID, true, now)
		if err != nil {
			return err
		}
		if err := settle(tx, u); err != nil {
			return err
		}
		return a.remove(ctx, tx, u, u.ID, client, now)
	})
	if err != nil {
		return fmt.Errorf("delete own account: %w", err)
	}
	return nil
}
