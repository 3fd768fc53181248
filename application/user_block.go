package application

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// BlockUser blocks a user.
type BlockUser struct {
	ID     uuid.UUID
	Reason string
	Until  time.Time // zero: until UnblockUser
	When   domain.Versions
	Source domain.Source
}

// BlockUser ends the user's sessions and keeps it from logging in, for an admin or the operator. The last active admin cannot
// be blocked.
func (a *App) BlockUser(ctx context.Context, p domain.Actor, in BlockUser) (domain.User, error) {
	who := ports.UserSet{IDs: []uuid.UUID{in.ID}, Admins: true}
	return a.changeBlock(ctx, p, in.Source, who, in.When, domain.ActionUserBlocked, func(tx *tx, u *domain.User) error {
		if err := tx.keepsAnAdmin(*u); err != nil {
			return err
		}
		if err := u.Block(in.Reason, in.Until.UTC().Truncate(time.Microsecond), tx.now); err != nil {
			return err
		}
		_, err := tx.Sessions().EndAll(ctx, u.ID, uuid.Nil, domain.ReasonRevoked, tx.now)
		return err
	})
}

// UnblockUser lets a user in again, for an admin or the operator.
func (a *App) UnblockUser(ctx context.Context, p domain.Actor, id uuid.UUID, when domain.Versions, source domain.Source) (domain.User, error) {
	who := ports.UserSet{IDs: []uuid.UUID{id}}
	return a.changeBlock(ctx, p, source, who, when, domain.ActionUserUnblocked, func(tx *tx, u *domain.User) error {
		u.Unblock(tx.now)
		return nil
	})
}

// changeBlock changes the first user of who, and records the action.
func (a *App) changeBlock(ctx context.Context, p domain.Actor, source domain.Source, who ports.UserSet, when domain.Versions, action domain.Action,
	change func(tx *tx, u *domain.User) error,
) (domain.User, error) {
	var u domain.User
	err := a.write(ctx, p, source, who, func(tx *tx) error {
		if err := domain.RequireAdmin(tx.by); err != nil {
			return err
		}
		var ok bool
		if u, ok = tx.user(who.IDs[0]); !ok {
			return domain.ErrUserNotFound
		}
		if err := when.Check(u); err != nil {
			return err
		}
		if err := change(tx, &u); err != nil {
			return err
		}
		if err := tx.update(ctx, &u); err != nil {
			return err
		}
		var err error
		if u.Custom, err = tx.custom(ctx, u.ID); err != nil {
			return err
		}
		return a.record(ctx, tx, action, u.ID)
	})
	return u.At(a.now()), wrap(err, "%s %s", action, who.IDs[0])
}
