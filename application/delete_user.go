package application

import (
	"context"
	"fmt"

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
		if _, err := a.lockUser(ctx, tx, p, id, true, now); err != nil {
			return err
		}
		if err := tx.Users().Delete(ctx, id, now); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionUserDeleted, actor: p.User.ID, subject: id, client: client})
	})
	if err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}
