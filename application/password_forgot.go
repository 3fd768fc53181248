package application

import (
	"context"
	"fmt"

	"coffeeshop/domain"
)

// ForgotPassword mails a code that resets the password of an address's account. The answer tells nothing about the
// address.
func (a *App) ForgotPassword(ctx context.Context, address string, source domain.Source) error {
	if err := a.askForCode(ctx, address, domain.PurposeResetPassword, source, (*tx).owner); err != nil {
		return fmt.Errorf("forgot password: %w", err)
	}
	return nil
}
