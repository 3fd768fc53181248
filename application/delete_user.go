package application

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// DeleteUser removes a user and everything of it but its audit rows, for an admin. The last active admin stays.
func (a *App) DeleteUser(ctx context.Context, p domain.Principal, id uuid.UUID, source domain.Source) error {
	err := a.write(ctx, p, ports.Whom{IDs: []uuid.UUID{id}, Admins: true}, func(tx ports.Store, h held) error {
		if err := h.actor.RequireAdmin(); err != nil {
			return err
		}
		u, err := h.target(id)
		if err != nil {
			return err
		}
		return a.remove(ctx, tx, h, u, source)
	})
	if err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// DeleteOwnAccount removes the caller's account; the password proves that it is the owner who asks.
func (a *App) DeleteOwnAccount(ctx context.Context, p domain.Principal, currentPassword string, source domain.Source) error {
	proof, err := a.proveOwner(ctx, p, currentPassword, source)
	if err != nil {
		return fmt.Errorf("delete own account: %w", err)
	}
	err = a.write(ctx, p, ports.Whom{Admins: true}, func(tx ports.Store, h held) error {
		if err := proof.holds(h.actor.User); err != nil {
			return err
		}
		if err := a.remove(ctx, tx, h, h.actor.User, source); err != nil {
			return err
		}
		_, err := a.settle(ctx, tx, proof.try, h.now)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete own account: %w", err)
	}
	return nil
}

// remove deletes a locked user. Its audit rows stay, without what would tell where it was.
func (a *App) remove(ctx context.Context, tx ports.Store, h held, u domain.User, source domain.Source) error {
	if err := h.keepsAnAdmin(u); err != nil {
		return err
	}
	if err := tx.Users().Delete(ctx, u.ID, h.now); err != nil {
		return err
	}
	if err := a.record(ctx, tx, h.now, event{action: domain.ActionUserDeleted, actor: h.actor.User.ID, subject: u.ID, source: source}); err != nil {
		return err
	}
	if err := tx.Audit().Forget(ctx, u.ID); err != nil {
		return err
	}
	if !u.Verified() {
		return nil
	}
	return a.notify(ctx, tx, h.now, domain.NoticeAccountDeleted, u, domain.Source{RequestID: source.RequestID})
}
