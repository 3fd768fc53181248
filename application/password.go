package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// ForgotPassword has a code mailed that resets the password of an address's account. Nothing can be learned
// from it.
func (a *App) ForgotPassword(ctx context.Context, address string, client domain.Client) error {
	any := func(domain.User) bool { return true }
	if err := a.askForCode(ctx, address, domain.PurposeResetPassword, any, client); err != nil {
		return fmt.Errorf("forgot password: %w", err)
	}
	return nil
}

// ResetPassword sets a new password with a code that was mailed.
type ResetPassword struct {
	Email       string
	Code        string
	NewPassword string
	Client      domain.Client
}

// ResetPassword sets the password, ends every session, and tells the owner. The code proves the address, so
// that an unverified account becomes verified, and other sign-ups of the address go.
func (a *App) ResetPassword(ctx context.Context, in ResetPassword) error {
	email, err := domain.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	password, err := a.newPassword(in.NewPassword, email, "", "")
	if err != nil {
		return inField(err, "new_password")
	}
	code, err := domain.ParseCode(in.Code)
	if err != nil {
		return err
	}
	if err := a.spend(ctx, email, code, in.Client); err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	now := a.now()
	err = a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return nil, err
		}
		c, err := a.answered(ctx, tx, domain.PurposeResetPassword, email, code)
		if errors.Is(err, domain.ErrInvalidCode) {
			return err, nil
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
		if err := password.Allowed(a.passwords.Common, email, u.FirstName, u.LastName); err != nil {
			return nil, inField(err, "new_password")
		}
		if !u.Verified() {
			u.Verify(now)
		}
		u.ChangePassword(hash, now)
		if err := a.passwordSet(ctx, tx, u, uuid.Nil, in.Client, now, domain.ActionPasswordReset, domain.NoticePasswordReset); err != nil {
			return nil, err
		}
		if err := tx.Users().DeleteAttempts(ctx, email.Key, 0); err != nil {
			return nil, err
		}
		// The owner is here: strangers' failures must not keep the new password from being used.
		return nil, tx.Throttles().Remember(ctx, a.knownNetwork(email.Key, in.Client), now.Add(domain.KnownNetworkLife))
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	return nil
}

// ChangePassword replaces the password of a user who knows the present one. The other sessions end.
func (a *App) ChangePassword(ctx context.Context, p domain.Principal, current, next string, client domain.Client) error {
	password, err := a.newPassword(next, p.User.Email, p.User.FirstName, p.User.LastName)
	if err != nil {
		return inField(err, "new_password")
	}
	now := a.now()
	settle, err := a.proveOwner(ctx, p, current, client, now)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash the password: %w", err)
	}
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		u, err := a.lockUser(ctx, tx, p, p.User.ID, false, now)
		if err != nil {
			return err
		}
		if err := settle(tx, u); err != nil {
			return err
		}
		u.ChangePassword(hash, now)
		return a.passwordSet(ctx, tx, u, p.SessionID, client, now, domain.ActionPasswordChanged, domain.NoticePasswordChanged)
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

// passwordSet stores a user with a new password: all sessions but one end, codes under way die, the owner is told.
func (a *App) passwordSet(ctx context.Context, tx ports.Store, u domain.User, keep uuid.UUID, client domain.Client, now time.Time,
	action domain.Action, notice domain.NoticeKind,
) error {
	if err := tx.Users().Update(ctx, u); err != nil {
		return err
	}
	if _, err := tx.Sessions().EndAll(ctx, u.ID, keep, domain.ReasonRevoked, now); err != nil {
		return err
	}
	if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
		return err
	}
	if err := a.record(ctx, tx, now, event{action: action, actor: u.ID, subject: u.ID, client: client}); err != nil {
		return err
	}
	return a.notify(ctx, tx, now, notice, u, client)
}

// proveOwner asks a logged-in caller for the password once more, under the same throttles as a login. What it
// returns belongs into the transaction of what the caller wanted, with the user as it is under its lock: it
// settles the throttles, provided that the password still is the one that was compared.
func (a *App) proveOwner(ctx context.Context, p domain.Principal, password string, client domain.Client, now time.Time) (func(tx ports.Store, locked domain.User) error, error) {
	try, err := a.attempt(ctx, p.User.Email.Key, client, now)
	if err != nil {
		return nil, err
	}
	ok, _, err := a.hasher.Verify(ctx, p.User.PasswordHash, domain.PasswordToTry(password))
	if err != nil {
		return nil, fmt.Errorf("compare the password: %w", err)
	}
	if !ok {
		return nil, domain.ErrWrongPassword
	}
	return func(tx ports.Store, locked domain.User) error {
		if locked.PasswordHash != p.User.PasswordHash {
			return domain.ErrWrongPassword
		}
		_, err := a.succeeded(ctx, tx, try, now)
		return err
	}, nil
}

// inField names the field of a password's fault as the request calls it.
func inField(err error, name string) error {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 {
		return err
	}
	renamed := *e
	renamed.Fields = []domain.Field{{Name: name, Message: e.Fields[0].Message}}
	return &renamed
}
