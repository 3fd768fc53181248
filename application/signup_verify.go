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
	ID     uuid.UUID // the user that SignUp returned: only its code counts; uuid.Nil: the code decides
	Source domain.Source
}

// Verify makes the sign-up that the code belongs to the account of the address, and deletes the others. Wrong, expired,
// exhausted and unknown codes are all domain.ErrInvalidCode.
func (a *App) Verify(ctx context.Context, in Verify) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	code, err := domain.ParseCode(in.Code)
	if err != nil {
		return err
	}
	found, err := a.compare(ctx, domain.Anonymous{}, in.Source, domain.PurposeVerifyEmail, email, code, func(c domain.Challenge) bool {
		return in.ID == uuid.Nil || c.UserID == in.ID
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	err = a.write(ctx, domain.Anonymous{}, in.Source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		u, ok := tx.user(found.challenge.UserID)
		if !ok {
			return domain.ErrInvalidCode
		}
		tx.identify(u)
		u.Verify(tx.now)
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		if err := found.redeem(ctx, tx); err != nil {
			return err
		}
		if err := provedAddress(ctx, tx, u); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionUserVerified, u.ID); err != nil {
			return err
		}
		return refundIn(ctx, tx, found.costs...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	return wrap(err, "verify")
}

// provedAddress deletes the sign-ups and codes that others have for the address that u has proved.
func provedAddress(ctx context.Context, tx *tx, u domain.User) error {
	if err := tx.deleteSignUps(ctx, u.Email.Key, func(o domain.User) bool { return o.ID != u.ID }); err != nil {
		return err
	}
	return tx.Challenges().DeleteByAddress(ctx, domain.PurposeVerifyEmail, u.Email.Key)
}
