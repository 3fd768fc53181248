package application

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// StartReset mails a verified user a code that resets the password, for an admin, who learns neither. The password stays
// good until the user has another.
func (a *App) StartReset(ctx context.Context, p domain.Principal, id uuid.UUID, source domain.Source) error {
	challenge := a.deps.NewRandomID()
	err := a.write(ctx, p, source, ports.UserSet{IDs: []uuid.UUID{id}}, func(tx *tx) error {
		if err := domain.RequireAdmin(tx.by); err != nil {
			return err
		}
		u, ok := tx.user(id)
		if !ok {
			return domain.ErrUserNotFound
		}
		if !u.Verified() {
			return domain.ErrUnverifiedUser
		}
		live, err := tx.Challenges().Live(ctx, domain.PurposeResetPassword, u.Email.Key, tx.now)
		if err != nil {
			return err
		}
		c := domain.NewChallenge(challenge, domain.PurposeResetPassword, u.Email, u.ID, u.Locale, guesses(live), source, tx.now)
		if i := slices.IndexFunc(live, func(l domain.Challenge) bool { return l.UserID == u.ID && l.Repeatable(tx.now) }); i >= 0 {
			c = live[i]
		} else if err := createChallenge(ctx, tx, c); err != nil {
			return err
		}
		if err := mailCodes(ctx, tx, c); err != nil {
			return err
		}
		if err := a.record(ctx, tx, domain.ActionResetRequested, u.ID); err != nil {
			return err
		}
		return a.chargeMail(ctx, tx, domain.PurposeResetPassword, u.Email, true)
	})
	return wrap(err, "start a reset for user %s", id)
}
