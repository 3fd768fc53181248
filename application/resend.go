package application

import (
	"context"
	"fmt"

	"coffeeshop/domain"
)

// Resend has the codes of the newest sign-up of an address mailed again. Nothing can be learned from it.
func (a *App) Resend(ctx context.Context, address string, client domain.Client) error {
	unverified := func(u domain.User) bool { return !u.Verified() }
	if err := a.askForCode(ctx, address, domain.PurposeVerifyEmail, unverified, client); err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	return nil
}
