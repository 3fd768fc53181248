package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Verify answers the challenge of a sign-up.
type Verify struct {
	Email  string
	Code   string
	ID     uuid.UUID // the user that sign-up answered: only that attempt counts; uuid.Nil: the code decides
	Source domain.Source
}

// Verify makes the attempt whose code is given the account of the address, and deletes the others. Wrong,
// expired, exhausted and unknown codes are all domain.ErrInvalidCode.
func (a *App) Verify(ctx context.Context, in Verify) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	code, err := domain.ParseCode(in.Code)
	if err != nil {
		return err
	}
	found, err := a.compare(ctx, domain.Anonymous{}, domain.PurposeVerifyEmail, email, code, in.Source, func(c domain.Challenge) bool {
		return in.ID == uuid.Nil || c.UserID == in.ID
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	err = a.write(ctx, domain.Anonymous{}, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		u, ok := h.user(found.challenge.UserID)
		if !ok {
			return domain.ErrInvalidCode
		}
		u.Verify(h.now)
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		if err := a.redeem(ctx, tx, found, h); err != nil {
			return err
		}
		if err := a.provedAddress(ctx, tx, h, u); err != nil {
			return err
		}
		if err := a.record(ctx, tx, h.now, event{action: domain.ActionUserVerified, actor: u.ID, subject: u.ID, source: in.Source}); err != nil {
			return err
		}
		return a.giveBack(ctx, tx, found.charges...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// provedAddress deletes the sign-ups and codes that others have for the address of a user who has proved it.
func (a *App) provedAddress(ctx context.Context, tx ports.Store, h held, u domain.User) error {
	others := h.signUps(u.Email.Key, func(o domain.User) bool { return o.ID != u.ID })
	if err := tx.Users().DeleteAttempts(ctx, others...); err != nil {
		return err
	}
	return tx.Challenges().DeleteByAddress(ctx, domain.PurposeVerifyEmail, u.Email.Key)
}
