package application

import (
	"context"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Resend asks for the codes of a sign-up once more.
type Resend struct {
	Email  string
	ID     uuid.UUID // the user that SignUp returned; uuid.Nil: the sign-up of the source's network, else the newest
	Source domain.Source
}

// Resend mails the codes of a sign-up again; to an address that is invited, its invitation. The answer tells nothing about
// the address.
func (a *App) Resend(ctx context.Context, in Resend) error {
	network := a.signUpNetwork(in.Source)
	err := a.askForCode(ctx, in.Email, domain.PurposeVerifyEmail, in.Source, func(tx *tx, key string) (domain.User, bool) {
		newest, found := tx.owner(key)
		if newest.Verified() {
			return domain.User{}, false
		}
		for _, u := range tx.users {
			if u.ID == in.ID && (!u.Invited() || u.InvitedAt(tx.now)) || in.ID == uuid.Nil && u.SignUpNetwork == network {
				return u, true
			}
		}
		if in.ID != uuid.Nil {
			return domain.User{}, false
		}
		if invited, ok := tx.invitation(key); ok {
			return invited, true
		}
		return newest, found
	})
	return wrap(err, "resend")
}
