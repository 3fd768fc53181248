package application

import (
	"context"
	"errors"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// ConfirmEmail makes the caller's pending address the account's with the code that was mailed there, and tells the old
// one. A wrong code and an address that somebody else has proved meanwhile are both domain.ErrInvalidCode.
func (a *App) ConfirmEmail(ctx context.Context, p domain.Principal, text string, source domain.Source) (domain.User, error) {
	code, err := domain.ParseCode(text)
	if err != nil {
		return domain.User{}, err
	}
	email := p.User.PendingEmail
	if email.IsZero() {
		return domain.User{}, domain.ErrInvalidCode
	}
	found, err := a.compare(ctx, p, source, domain.PurposeChangeEmail, email, code, func(c domain.Challenge) bool { return c.UserID == p.User.ID })
	if err != nil {
		return domain.User{}, fmt.Errorf("confirm an address: %w", err)
	}
	var u domain.User
	err = a.write(ctx, p, source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		u = tx.actor.User
		if u.PendingEmail.Key != email.Key {
			return domain.ErrInvalidCode
		}
		if err := a.notify(ctx, tx, domain.NoticeEmailChanged, u); err != nil {
			return err
		}
		if err := found.redeem(ctx, tx); err != nil {
			return err
		}
		if err := a.moveTo(ctx, tx, &u, u.PendingEmail); err != nil {
			return err
		}
		if err := tx.update(ctx, &u); err != nil {
			return err
		}
		if u.Custom, err = tx.custom(ctx, u.ID); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionEmailChanged, u.ID); err != nil {
			return err
		}
		return refundIn(ctx, tx, found.costs...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.User{}, domain.ErrInvalidCode
	}
	return u.At(a.now()), wrap(err, "confirm an address")
}

// moveTo gives u another address, which is locked. The user's codes die with the old address, and a verified user's
// sign-ups of the new one go.
func (a *App) moveTo(ctx context.Context, tx *tx, u *domain.User, email domain.Email) error {
	if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
		return err
	}
	if u.Verified() {
		if err := a.deleteSignUps(ctx, tx, email.Key, func(o domain.User) bool { return o.ID != u.ID }); err != nil {
			return err
		}
	}
	u.ChangeEmail(email, tx.now)
	return nil
}
