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
	Email    string
	Code     string
	ID       uuid.UUID // the user that SignUp returned: only its code counts; uuid.Nil: the code decides
	Password *string   // has to be that of the sign-up whose code it is; nil: it is not compared
	Source   domain.Source
}

// Verify makes the sign-up that the code belongs to the account of the address, and deletes the others. Wrong, expired,
// exhausted and unknown codes are all domain.ErrInvalidCode. A wrong password beside a right code is
// domain.ErrInvalidCredentials, and counts as a failed login; the code stays good. A caller who asks for the password
// cannot be made to verify a stranger's sign-up.
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
	var tried []cost // of the comparison of the password
	if in.Password != nil {
		// A new password of the sign-up would end its codes, so that this one still holds when the code is redeemed.
		chosen, err := a.proveSignUp(ctx, found.challenge.UserID, *in.Password, in.Source)
		if err != nil {
			return fmt.Errorf("verify: %w", a.refund(ctx, err, found.costs...))
		}
		tried = chosen.charged()
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
		if err := a.provedAddress(ctx, tx, u); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionUserVerified, u.ID); err != nil {
			return err
		}
		return refundIn(ctx, tx, append(tried, found.costs...)...)
	})
	if err != nil {
		err = a.refund(ctx, err, tried...) // the password was right
	}
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	return wrap(err, "verify")
}

// proveSignUp compares a password with that of a sign-up.
func (a *App) proveSignUp(ctx context.Context, id uuid.UUID, password string, source domain.Source) (proof, error) {
	u, err := a.deps.Store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return proof{}, domain.ErrInvalidCode
	}
	if err != nil {
		return proof{}, err
	}
	return a.prove(ctx, u, password, source, domain.ErrInvalidCredentials)
}

// provedAddress deletes the sign-ups, invitations and codes that others have for the address that u has proved.
func (a *App) provedAddress(ctx context.Context, tx *tx, u domain.User) error {
	if err := a.deleteSignUps(ctx, tx, u.Email.Key, func(o domain.User) bool { return o.ID != u.ID }); err != nil {
		return err
	}
	return tx.Challenges().DeleteByAddress(ctx, domain.PurposeVerifyEmail, u.Email.Key)
}
