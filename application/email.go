package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// assignEmail gives u another address at once and tells both; whoever calls it vouches for the address.
func (a *App) assignEmail(ctx context.Context, tx ports.Store, u *domain.User, email domain.Email, client domain.Client, now time.Time) (domain.Action, error) {
	for _, to := range []domain.Email{u.Email, email} {
		// Where the admin is, is nobody's business.
		if err := a.notifyAt(ctx, tx, now, domain.NoticeEmailChanged, to, u.Locale, domain.Client{RequestID: client.RequestID}); err != nil {
			return "", err
		}
	}
	return domain.ActionEmailChanged, a.moveTo(ctx, tx, u, email, now)
}

// requestEmail makes an address the pending one, mails it a code, and tells the present one. For an address that
// belongs to somebody else it does the same; the worker then tells its owner instead. Another way to write the
// present address needs no proof.
func (a *App) requestEmail(ctx context.Context, tx ports.Store, u *domain.User, email domain.Email, client domain.Client, now time.Time) (domain.Action, error) {
	if email.Key == u.Email.Key {
		u.ChangeEmail(email, now)
		return domain.ActionEmailChanged, nil
	}
	u.AwaitEmail(email, now)
	mail, err := a.mailAllowed(ctx, tx, domain.PurposeChangeEmail, email, now, true)
	if err != nil {
		return "", err
	}
	live, err := tx.Challenges().Live(ctx, domain.PurposeChangeEmail, email.Key, now)
	if err != nil {
		return "", err
	}
	c := domain.NewChallenge(a.newRandomID(), domain.PurposeChangeEmail, email, u.ID, u.Locale, guesses(live), now)
	if err := a.openChallenge(ctx, tx, c, mail); err != nil {
		return "", err
	}
	return domain.ActionEmailRequested, a.notify(ctx, tx, now, domain.NoticeEmailRequested, *u, client)
}

// ConfirmEmail puts the caller's pending address into force with the code that was mailed there, and tells the
// old one. A wrong code and an address that somebody else has proved meanwhile are both domain.ErrInvalidCode.
func (a *App) ConfirmEmail(ctx context.Context, p domain.Principal, text string, client domain.Client) (domain.User, error) {
	code, err := domain.ParseCode(text)
	if err != nil {
		return domain.User{}, err
	}
	email := p.User.PendingEmail
	if email.IsZero() {
		return domain.User{}, domain.ErrInvalidCode
	}
	if err := a.spend(ctx, email, code, client); err != nil {
		return domain.User{}, fmt.Errorf("confirm an address: %w", err)
	}
	now := a.now()
	var u domain.User
	err = a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return nil, err
		}
		c, err := a.answered(ctx, tx, domain.PurposeChangeEmail, email, code)
		if errors.Is(err, domain.ErrInvalidCode) || err == nil && c.UserID != p.User.ID {
			return domain.ErrInvalidCode, nil
		}
		if err != nil {
			return nil, err
		}
		u, err = tx.Users().Lock(ctx, p.User.ID)
		if errors.Is(err, domain.ErrNotFound) || err == nil && u.PendingEmail.Key != email.Key {
			return domain.ErrInvalidCode, nil
		}
		if err != nil {
			return nil, err
		}
		if err := a.notify(ctx, tx, now, domain.NoticeEmailChanged, u, client); err != nil {
			return nil, err
		}
		if err := a.moveTo(ctx, tx, &u, email, now); err != nil {
			return nil, err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return nil, err
		}
		u.Version++
		return nil, a.record(ctx, tx, now, event{action: domain.ActionEmailChanged, actor: u.ID, subject: u.ID, client: client})
	})
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.User{}, domain.ErrInvalidCode
	}
	if err != nil {
		return domain.User{}, fmt.Errorf("confirm an address: %w", err)
	}
	return u, nil
}

// moveTo gives u another address. Codes that were on their way to the old one are worth nothing any more, and
// a verified user leaves no room for sign-ups of the new one.
func (a *App) moveTo(ctx context.Context, tx ports.Store, u *domain.User, email domain.Email, now time.Time) error {
	if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
		return err
	}
	if u.Verified() {
		if err := tx.Users().DeleteAttempts(ctx, email.Key, 0); err != nil {
			return err
		}
	}
	u.ChangeEmail(email, now)
	return nil
}
