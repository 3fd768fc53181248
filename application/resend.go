package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Resend has the codes of the newest sign-up of an address mailed again. Nothing can be learned from it: an
// address without one is answered alike, at the cost of the same work.
func (a *App) Resend(ctx context.Context, address string) error {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return err
	}
	now, id := a.now(), a.newRandomID()
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		if allowed, err := a.mailAllowed(ctx, tx, email, now); err != nil || !allowed {
			return err
		}
		u, err := tx.Users().ByEmail(ctx, email.Key)
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return err
		}
		owner, locale := u.ID, u.Locale
		if err != nil || u.Verified() {
			owner, locale = uuid.Nil, domain.LocaleEnglish
		}
		live, err := tx.Challenges().Live(ctx, domain.PurposeVerifyEmail, email.Key, now)
		if err != nil {
			return err
		}
		for _, c := range live {
			if c.UserID == owner && c.Repeatable(now) {
				return a.mailChallenge(ctx, tx, c.ID)
			}
		}
		return a.openChallenge(ctx, tx, domain.NewChallenge(id, domain.PurposeVerifyEmail, email, owner, locale, guesses(live), now))
	})
	if err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	return nil
}
