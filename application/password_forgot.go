package application

import (
	"context"

	"coffeeshop/domain"
)

// ForgotPassword mails a code that resets the password of an address's account. The answer tells nothing about the
// address.
func (a *App) ForgotPassword(ctx context.Context, address string, source domain.Source) error {
	return wrap(a.askForCode(ctx, address, domain.PurposeResetPassword, source, (*tx).owner), "forgot password")
}
