package application

import (
	"context"

	"coffeeshop/domain"
)

// ForgotPassword mails a code that resets the password of an address's account; to an address that is invited, its
// invitation. The answer tells nothing about the address.
func (a *App) ForgotPassword(ctx context.Context, address string, source domain.Source) error {
	return wrap(a.askForCode(ctx, address, domain.PurposeResetPassword, source, func(tx *tx, key string) (domain.User, bool) {
		u, found := tx.owner(key)
		if invited, ok := tx.invitation(key); ok && !u.Verified() {
			return invited, true
		}
		return u, found
	}), "forgot password")
}
