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
	Client domain.Client
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
	if err := a.spend(ctx, email, code, in.Client); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	now := a.now()
	err = a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return nil, err
		}
		c, err := a.answered(ctx, tx, domain.PurposeVerifyEmail, email, code)
		if errors.Is(err, domain.ErrInvalidCode) || err == nil && in.ID != uuid.Nil && in.ID != c.UserID {
			return domain.ErrInvalidCode, nil
		}
		if err != nil {
			return nil, err
		}
		u, err := tx.Users().Lock(ctx, c.UserID)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrInvalidCode, nil
		}
		if err != nil {
			return nil, err
		}
		u.Verify(now)
		if err := tx.Users().Update(ctx, u); err != nil {
			return nil, err
		}
		if err := tx.Users().DeleteAttempts(ctx, email.Key, 0); err != nil {
			return nil, err
		}
		if err := tx.Challenges().DeleteByAddress(ctx, domain.PurposeVerifyEmail, email.Key); err != nil {
			return nil, err
		}
		return nil, a.record(ctx, tx, now, event{action: domain.ActionUserVerified, actor: u.ID, subject: u.ID, client: in.Client})
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}
