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
	Source domain.Source
}

// BlockUser ends the user's sessions and keeps it from logging in, for an admin. The last active admin cannot
// be blocked.
func (a *App) BlockUser(ctx context.Context, p domain.Principal, in BlockUser) (domain.User, error) {
	who := ports.Whom{IDs: []uuid.UUID{in.ID}, Admins: true}
	return a.changeBlock(ctx, p, who, in.Source, domain.ActionUserBlocked, func(tx ports.Store, h held, u *domain.User) error {
		if err := h.keepsAnAdmin(*u); err != nil {
			return err
		}
		if err := u.Block(in.Reason, in.Until.UTC().Truncate(time.Microsecond), h.now); err != nil {
			return err
		}
		_, err := tx.Sessions().EndAll(ctx, u.ID, uuid.Nil, domain.ReasonRevoked, h.now)
		return err
	})
}

// UnblockUser lets a user in again, for an admin.
func (a *App) UnblockUser(ctx context.Context, p domain.Principal, id uuid.UUID, source domain.Source) (domain.User, error) {
	who := ports.Whom{IDs: []uuid.UUID{id}}
	return a.changeBlock(ctx, p, who, source, domain.ActionUserUnblocked, func(_ ports.Store, h held, u *domain.User) error {
		u.Unblock(h.now)
		return nil
	})
}

// changeBlock changes the first of the users that it locks.
func (a *App) changeBlock(ctx context.Context, p domain.Principal, who ports.Whom, source domain.Source, action domain.Action,
	change func(tx ports.Store, h held, u *domain.User) error,
) (domain.User, error) {
	var u domain.User
	err := a.write(ctx, p, who, func(tx ports.Store, h held) (err error) {
		if err := h.actor.RequireAdmin(); err != nil {
			return err
		}
		if u, err = h.target(who.IDs[0]); err != nil {
			return err
		}
		if err := change(tx, h, &u); err != nil {
			return err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		u.Version++
		return a.record(ctx, tx, h.now, event{action: action, actor: p.User.ID, subject: u.ID, source: source})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("%s %s: %w", action, who.IDs[0], err)
	}
	return u, nil
}
