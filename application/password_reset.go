package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// ResetPassword sets a new password with a code that was mailed.
type ResetPassword struct {
	Email       string
	Code        string
	NewPassword string
	Source      domain.Source
}

// ResetPassword sets the password, ends every session, and tells the owner. The code proves the address: an unverified
// user becomes verified, and other sign-ups of the address are deleted. The code of an invitation accepts it.
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
	found, err := a.compareReset(ctx, in.Source, email, code)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	owner, err := a.allowedFor(ctx, password, found.challenge.UserID)
	if err != nil {
		return a.refund(ctx, inField(err, "new_password"), found.costs...)
	}
	hash, err := a.hash(ctx, password, in.Source, found.costs...)
	if err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	who := ports.UserSet{Address: email.Key}
	if owner.Invited() {
		who.IDs = []uuid.UUID{owner.InvitedBy}
	}
	err = a.write(ctx, domain.Anonymous{}, in.Source, who, func(tx *tx) error {
		u, ok := tx.user(found.challenge.UserID)
		if !ok {
			return domain.ErrInvalidCode
		}
		tx.identify(u)
		action := domain.ActionPasswordReset
		if u.Invited() {
			if err := a.acceptable(ctx, tx, u, owner.InvitedBy); err != nil {
				return err
			}
			action = domain.ActionInviteAccepted
		}
		if !u.Verified() {
			u.Verify(tx.now)
		}
		u.ChangePassword(hash, tx.now)
		if err := storePassword(ctx, tx, u, uuid.Nil); err != nil {
			return err
		}
		if err := found.redeem(ctx, tx); err != nil {
			return err
		}
		if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
			return err
		}
		if err := a.provedAddress(ctx, tx, u); err != nil {
			return err
		}
		if err := a.record(ctx, tx, action, u.ID); err != nil {
			return err
		}
		if action == domain.ActionPasswordReset { // whoever accepts an invitation had none before
			if err := a.notify(ctx, tx, domain.NoticePasswordReset, u); err != nil {
				return err
			}
		}
		// Strangers' failed logins must not keep the owner from the new password.
		if err := tx.Throttles().Remember(ctx, a.knownNetwork(email.Key, in.Source), tx.now.Add(domain.KnownNetworkLife)); err != nil {
			return err
		}
		return refundIn(ctx, tx, found.costs...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidCode
	}
	return wrap(err, "reset password")
}

// compareReset finds the challenge that a code answers: of a reset, or, by the long code alone, of an invitation.
func (a *App) compareReset(ctx context.Context, source domain.Source, email domain.Email, code domain.Code) (answer, error) {
	anyOf := func(domain.Challenge) bool { return true }
	if !code.Guessable() {
		found, err := a.compare(ctx, domain.Anonymous{}, source, domain.PurposeInvitation, email, code, anyOf)
		if !errors.Is(err, domain.ErrInvalidCode) {
			return found, err
		}
	}
	return a.compare(ctx, domain.Anonymous{}, source, domain.PurposeResetPassword, email, code, anyOf)
}

// allowedFor checks a password against the names of the user who will have it.
func (a *App) allowedFor(ctx context.Context, p domain.Password, id uuid.UUID) (domain.User, error) {
	u, err := a.deps.Store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return u, domain.ErrInvalidCode
	}
	if err != nil {
		return u, err
	}
	return u, p.Allowed(a.deps.Passwords.Common, u.Email, u.FirstName, u.LastName)
}
