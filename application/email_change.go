package application

import (
	"context"
	"errors"

	"coffeeshop/domain"
)

// assignEmail stores u with another address and tells both; an admin vouches for the address.
func (a *App) assignEmail(ctx context.Context, tx *tx, u *domain.User, email domain.Email) error {
	if u.Invited() { // the invitation went to the other address
		return domain.ErrUnverifiedUser
	}
	for _, to := range []domain.Email{u.Email, email} {
		// The mail does not tell the admin's network.
		if err := a.notifyAt(ctx, tx, domain.NoticeEmailChanged, to, u.Locale, domain.Source{RequestID: tx.source.RequestID}); err != nil {
			return err
		}
	}
	if err := a.moveTo(ctx, tx, u, email); err != nil {
		return err
	}
	if err := tx.update(ctx, u); err != nil {
		return err
	}
	if err := a.record(ctx, tx, domain.ActionEmailChanged, u.ID); err != nil {
		return err
	}
	return a.chargeAdmin(ctx, tx)
}

// changeOwnEmail stores u, the caller, with a pending address, and mails a code there. Another spelling of the same
// address needs no code.
func (a *App) changeOwnEmail(ctx context.Context, tx *tx, u *domain.User, email domain.Email, proof proof) error {
	if err := proof.holds(*u); err != nil {
		return err
	}
	action := domain.ActionEmailRequested
	if email.Key == u.Email.Key {
		action = domain.ActionEmailChanged
		if email != u.Email {
			if err := a.notify(ctx, tx, domain.NoticeEmailChanged, *u); err != nil {
				return err
			}
		}
		u.ChangeEmail(email, tx.now)
	} else {
		u.AwaitEmail(email, tx.now)
	}
	if err := tx.update(ctx, u); err != nil {
		return err
	}
	if err := a.record(ctx, tx, action, u.ID); err != nil {
		return err
	}
	if _, err := proof.settle(ctx, tx); err != nil || u.PendingEmail.IsZero() {
		return err
	}
	return a.mailPending(ctx, tx, *u)
}

// mailPending mails a code to the pending address of u, and tells the present one. It does the same for an address that
// belongs to somebody else; the worker then tells its owner instead. An address whose mails are used up gets none; the
// codes of an earlier mail still confirm it.
func (a *App) mailPending(ctx context.Context, tx *tx, u domain.User) error {
	email := u.PendingEmail
	live, err := tx.Challenges().Live(ctx, domain.PurposeChangeEmail, email.Key, tx.now)
	if err != nil {
		return err
	}
	c := domain.NewChallenge(a.deps.NewRandomID(), domain.PurposeChangeEmail, email, u.ID, u.Locale, guesses(live), tx.source, tx.now)
	if err := createChallenge(ctx, tx, c); err != nil {
		return err
	}
	if err := a.notify(ctx, tx, domain.NoticeEmailRequested, u); err != nil {
		return err
	}
	err = a.chargeMail(ctx, tx, domain.PurposeChangeEmail, email, true)
	if errors.Is(err, domain.Throttled(0)) {
		return nil
	}
	if err != nil {
		return err
	}
	return mailCodes(ctx, tx, c)
}
