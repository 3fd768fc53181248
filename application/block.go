package application

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// BlockUser keeps a user out.
type BlockUser struct {
	ID     uuid.UUID
	Reason string
	Until  time.Time // zero: until UnblockUser
	Client domain.Client
}

// BlockUser ends the user's sessions and keeps it from logging in, for an admin. The last active admin cannot
// be blocked.
func (a *App) BlockUser(ctx context.Context, p domain.Principal, in BlockUser) (domain.User, error) {
	return a.changeBlock(ctx, p, in.ID, in.Client, domain.ActionUserBlocked, func(tx ports.Store, u *domain.User, now time.Time) error {
		if err := u.Block(in.Reason, in.Until.UTC().Truncate(time.Microsecond), now); err != nil {
			return err
		}
		_, err := tx.Sessions().EndAll(ctx, u.ID, uuid.Nil, domain.ReasonRevoked, now)
		return err
	})
}

// UnblockUser lets a user in again, for an admin.
func (a *App) UnblockUser(ctx context.Context, p domain.Principal, id uuid.UUID, client domain.Client) (domain.User, error) {
	return a.changeBlock(ctx, p, id, client, domain.ActionUserUnblocked, func(_ ports.Store, u *domain.User, now time.Time) error {
		u.Unblock(now)
		return nil
	})
}

func (a *App) changeBlock(ctx context.Context, p domain.Principal, id uuid.UUID, client domain.Client, action domain.Action,
	change func(tx ports.Store, u *domain.User, now time.Time) error,
) (domain.User, error) {
	if err := p.RequireAdmin(); err != nil {
		return domain.User{}, err
	}
	now := a.now()
	var u domain.User
	err := a.store.InTx(ctx, func(tx ports.Store) (err error) {
		if u, err = a.lockUser(ctx, tx, p, id, action == domain.ActionUserBlocked, now); err != nil {
			return err
		}
		if err := change(tx, &u, now); err != nil {
			return err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		u.Version++
		return a.record(ctx, tx, now, event{action: action, actor: p.User.ID, subject: id, client: client})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("%s %s: %w", action, id, err)
	}
	return u, nil
}
