package application

import (
	"context"
	"errors"
	"fmt"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// assignEmail gives u another address at once and tells both; its caller vouches for the address.
func (a *App) assignEmail(ctx context.Context, tx ports.Store, h held, u *domain.User, email domain.Email, source domain.Source) error {
	for _, to := range []domain.Email{u.Email, email} {
		// The mail does not tell the admin's network.
		if err := a.notifyAt(ctx, tx, h.now, domain.NoticeEmailChanged, to, u.Locale, domain.Source{RequestID: source.RequestID}); err != nil {
			return err
		}
	}
	return a.moveTo(ctx, tx, h, u, email)
}

// mailPending mails a code to the pending address of u, and tells the present one. For an address that belongs to
// somebody else it does the same; the worker then tells its owner instead. An address whose mails are used up gets
// none; the codes of an earlier one still open it.
func (a *App) mailPending(ctx context.Context, tx ports.Store, h held, u domain.User, source domain.Source) error {
	email := u.PendingEmail
	live, err := tx.Challenges().Live(ctx, domain.PurposeChangeEmail, email.Key, h.now)
	if err != nil {
		return err
	}
	c := domain.NewChallenge(a.newRandomID(), domain.PurposeChangeEmail, email, u.ID, u.Locale, guesses(live), source, h.now)
	if err := tx.Challenges().Create(ctx, c); err != nil {
		return fmt.Errorf("open a challenge: %w", err)
	}
	if err := a.notify(ctx, tx, h.now, domain.NoticeEmailRequested, u, source); err != nil {
		return err
	}
	err = a.takeMail(ctx, tx, domain.PurposeChangeEmail, email, source, h.now, true)
	if errors.Is(err, domain.Throttled(0)) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.mailChallenge(ctx, tx, c.ID)
}

// ConfirmEmail puts the caller's pending address into force with the code that was mailed there, and tells the
// old one. A wrong code and an address that somebody else has proved meanwhile are both domain.ErrInvalidCode.
func (a *App) ConfirmEmail(ctx context.Context, p domain.Principal, text string, source domain.Source) (domain.User, error) {
	code, err := domain.ParseCode(text)
	if err != nil {
		return domain.User{}, err
	}
	email := p.User.PendingEmail
	if email.IsZero() {
		return domain.User{}, domain.ErrInvalidCode
	}
	found, err := a.compare(ctx, p, domain.PurposeChangeEmail, email, code, source, func(c domain.Challenge) bool { return c.UserID == p.User.ID })
	if err != nil {
		return domain.User{}, fmt.Errorf("confirm an address: %w", err)
	}
	var u domain.User
	err = a.write(ctx, p, ports.Whom{Address: email.Key}, func(tx ports.Store, h held) error {
		u = h.actor.User
		if u.PendingEmail.Key != email.Key {
			return domain.ErrInvalidCode
		}
		if err := a.notify(ctx, tx, h.now, domain.NoticeEmailChanged, u, source); err != nil {
			return err
		}
		if err := a.redeem(ctx, tx, found, h); err != nil {
			return err
		}
		if err := a.moveTo(ctx, tx, h, &u, u.PendingEmail); err != nil {
			return err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		u.Version++
		if err := a.record(ctx, tx, h.now, event{action: domain.ActionEmailChanged, actor: u.ID, subject: u.ID, source: source}); err != nil {
			return err
		}
		return a.giveBack(ctx, tx, found.charges...)
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.User{}, domain.ErrInvalidCode
	}
	if err != nil {
		return domain.User{}, fmt.Errorf("confirm an address: %w", err)
	}
	return u, nil
}

// moveTo gives u another address, which is locked. Codes that were on their way to the old one are worth nothing any
// more, and a verified user leaves no room for sign-ups of the new one.
func (a *App) moveTo(ctx context.Context, tx ports.Store, h held, u *domain.User, email domain.Email) error {
	if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
		return err
	}
	if u.Verified() {
		others := h.signUps(email.Key, func(o domain.User) bool { return o.ID != u.ID })
		if err := tx.Users().DeleteAttempts(ctx, others...); err != nil {
			return err
		}
	}
	u.ChangeEmail(email, h.now)
	return nil
}
