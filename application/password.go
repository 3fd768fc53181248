package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// ForgotPassword has a code mailed that resets the password of an address's account. Nothing can be learned
// from it.
func (a *App) ForgotPassword(ctx context.Context, address string, source domain.Source) error {
	if err := a.askForCode(ctx, address, domain.PurposeResetPassword, source, held.owner); err != nil {
		return fmt.Errorf("forgot password: %w", err)
	}
	return nil
}

// ResetPassword sets a new password with a code that was mailed.
type ResetPassword struct {
	Email       string
	Code        string
	NewPassword string
	Source      domain.Source
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
	found, err := a.compare(ctx, domain.Anonymous{}, domain.PurposeResetPassword, email, code, in.Source, anyChallenge)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	if err := a.allowedFor(ctx, password, found.challenge.UserID); err != nil {
		return a.refund(ctx, inField(err, "new_password"), found.charges...)
	}
	hash, err := a.hash(ctx, password, in.Source, found.charges...)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	err = a.write(ctx, domain.Anonymous{}, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		u, ok := h.user(found.challenge.UserID)
		if !ok {
			return domain.ErrInvalidCode
		}
		if !u.Verified() {
			u.Verify(h.now)
		}
		u.ChangePassword(hash, h.now)
		if err := a.storePassword(ctx, tx, h, u, uuid.Nil); err != nil {
			return err
		}
		if err := a.redeem(ctx, tx, found, h); err != nil {
			return err
		}
		if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
			return err
		}
		if err := a.provedAddress(ctx, tx, h, u); err != nil {
			return err
		}
		if err := a.tellOfPassword(ctx, tx, h, u, in.Source, domain.ActionPasswordReset, domain.NoticePasswordReset); err != nil {
			return err
		}
		// The owner is here: strangers' failures must not keep the new password from being used.
		if err := tx.Throttles().Remember(ctx, a.knownNetwork(email.Key, in.Source), h.now.Add(domain.KnownNetworkLife)); err != nil {
			return err
		}
		return a.giveBack(ctx, tx, found.charges...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	return nil
}

// allowedFor holds a password against the names of the user who is to have it.
func (a *App) allowedFor(ctx context.Context, p domain.Password, id uuid.UUID) error {
	u, err := a.store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.ErrInvalidCode
	}
	if err != nil {
		return err
	}
	return p.Allowed(a.passwords.Common, u.Email, u.FirstName, u.LastName)
}

// ChangePassword replaces the password of a user who knows the present one. The other sessions end.
func (a *App) ChangePassword(ctx context.Context, p domain.Principal, current, next string, source domain.Source) error {
	password, err := a.newPassword(next, p.User.Email, p.User.FirstName, p.User.LastName)
	if err != nil {
		return inField(err, "new_password")
	}
	proof, err := a.proveOwner(ctx, p, current, source)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	hash, err := a.hash(ctx, password, source, proof.try.taken()...)
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	err = a.write(ctx, p, ports.Whom{}, func(tx ports.Store, h held) error {
		u := h.actor.User
		if err := proof.holds(u); err != nil {
			return err
		}
		u.ChangePassword(hash, h.now)
		if err := a.storePassword(ctx, tx, h, u, p.SessionID); err != nil {
			return err
		}
		if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
			return err
		}
		if err := a.tellOfPassword(ctx, tx, h, u, source, domain.ActionPasswordChanged, domain.NoticePasswordChanged); err != nil {
			return err
		}
		_, err := a.settle(ctx, tx, proof.try, h.now)
		return err
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

// storePassword stores a user with a new password, and ends all sessions but one.
func (a *App) storePassword(ctx context.Context, tx ports.Store, h held, u domain.User, keep uuid.UUID) error {
	if err := tx.Users().Update(ctx, u); err != nil {
		return err
	}
	_, err := tx.Sessions().EndAll(ctx, u.ID, keep, domain.ReasonRevoked, h.now)
	return err
}

// tellOfPassword records a new password and tells the owner.
func (a *App) tellOfPassword(ctx context.Context, tx ports.Store, h held, u domain.User, source domain.Source, action domain.Action, notice domain.NoticeKind) error {
	if err := a.record(ctx, tx, h.now, event{action: action, actor: u.ID, subject: u.ID, source: source}); err != nil {
		return err
	}
	return a.notify(ctx, tx, h.now, notice, u, source)
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
