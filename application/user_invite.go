package application

import (
	"context"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// InviteUser asks for an account of somebody else.
type InviteUser struct {
	Email     string
	FirstName string
	LastName  string
	Role      string // empty: user
	Locale    string // empty: English
	Source    domain.Source
}

// InviteUser makes an account without a password and has an invitation mailed, for an admin. ResetPassword with its code
// accepts it. The admin neither learns nor chooses the password (ASVS 6.4.6). Sign-ups of the address are no obstacle:
// whoever proves it first has it.
func (a *App) InviteUser(ctx context.Context, p domain.Principal, in InviteUser) (domain.User, error) {
	if err := domain.RequireAdmin(p); err != nil {
		return domain.User{}, err
	}
	email, role, locale, err := in.parse()
	if err != nil {
		return domain.User{}, err
	}
	if err := new(domain.User).Rename(in.FirstName, in.LastName, a.now()); err != nil {
		return domain.User{}, err
	}
	id, challenge := a.deps.NewID(), a.deps.NewRandomID()
	var u domain.User
	err = a.write(ctx, p, in.Source, ports.UserSet{Address: email.Key}, func(tx *tx) error {
		if err := domain.RequireAdmin(tx.by); err != nil {
			return err
		}
		if _, ok := tx.invitation(email.Key); ok {
			return domain.ErrAlreadyInvited
		}
		if err := a.deleteSignUps(ctx, tx, email.Key, func(o domain.User) bool { return o.Invited() }); err != nil { // expired ones
			return err
		}
		u = domain.NewInvitation(id, email, role, locale, tx.actor.User.ID, tx.now)
		if err := u.Rename(in.FirstName, in.LastName, tx.now); err != nil {
			return err
		}
		created, err := tx.Users().CreateSignUp(ctx, u)
		if err != nil {
			return err
		}
		if !created {
			return domain.ErrEmailTaken
		}
		return a.sendInvitation(ctx, tx, challenge, u, domain.ActionUserInvited)
	})
	return u, wrap(err, "invite")
}

func (in InviteUser) parse() (email domain.Email, role domain.Role, locale domain.Locale, err error) {
	if email, err = domain.ParseEmail(in.Email); err != nil {
		return email, role, locale, err
	}
	role, locale = domain.RoleUser, domain.LocaleEnglish
	if in.Role != "" {
		if role, err = domain.ParseRole(in.Role); err != nil {
			return email, role, locale, err
		}
	}
	if in.Locale != "" {
		locale, err = domain.ParseLocale(in.Locale)
	}
	return email, role, locale, err
}

// RepeatInvitation mails an invitation again, for an admin, who is its inviter from then on. It begins anew: the code of
// the earlier mail is no longer good.
func (a *App) RepeatInvitation(ctx context.Context, p domain.Principal, id uuid.UUID, when domain.Versions, source domain.Source) (domain.User, error) {
	challenge := a.deps.NewRandomID()
	return a.changeInvitation(ctx, p, id, when, source, func(tx *tx, u *domain.User) error {
		u.Invite(tx.actor.User.ID, tx.now)
		if err := tx.update(ctx, u); err != nil {
			return err
		}
		if err := tx.Challenges().DeleteByUser(ctx, u.ID); err != nil {
			return err
		}
		var err error
		if u.Custom, err = tx.custom(ctx, u.ID); err != nil {
			return err
		}
		return a.sendInvitation(ctx, tx, challenge, *u, domain.ActionInviteRepeated)
	})
}

// RevokeInvitation deletes an invitation, for an admin.
func (a *App) RevokeInvitation(ctx context.Context, p domain.Principal, id uuid.UUID, when domain.Versions, source domain.Source) error {
	_, err := a.changeInvitation(ctx, p, id, when, source, func(tx *tx, u *domain.User) error {
		if err := a.record(ctx, tx, domain.ActionInviteRevoked, u.ID); err != nil {
			return err
		}
		return tx.Users().DeleteSignUps(ctx, u.ID)
	})
	return err
}

func (a *App) changeInvitation(ctx context.Context, p domain.Principal, id uuid.UUID, when domain.Versions, source domain.Source,
	change func(tx *tx, u *domain.User) error,
) (domain.User, error) {
	var u domain.User
	err := a.write(ctx, p, source, ports.UserSet{IDs: []uuid.UUID{id}}, func(tx *tx) error {
		if err := domain.RequireAdmin(tx.by); err != nil {
			return err
		}
		var ok bool
		if u, ok = tx.user(id); !ok {
			return domain.ErrUserNotFound
		}
		if err := when.Check(u); err != nil {
			return err
		}
		if !u.Invited() {
			return domain.ErrNotInvited
		}
		return change(tx, &u)
	})
	return u.At(a.now()), wrap(err, "change the invitation %s", id)
}

// sendInvitation has an invitation mailed, within the budget of its admin.
func (a *App) sendInvitation(ctx context.Context, tx *tx, challenge uuid.UUID, u domain.User, action domain.Action) error {
	c := domain.NewInvitationCode(challenge, u, tx.source, tx.now)
	if err := createChallenge(ctx, tx, c); err != nil {
		return err
	}
	if err := mailCodes(ctx, tx, c); err != nil {
		return err
	}
	if err := a.record(ctx, tx, action, u.ID, "role", string(u.Role)); err != nil {
		return err
	}
	return a.chargeAdmin(ctx, tx)
}

// chargeAdmin takes one mail to an address that the caller, an admin, chose.
func (a *App) chargeAdmin(ctx context.Context, tx *tx) error {
	if !a.deps.Settings.RateLimits {
		return nil
	}
	return chargeIn(ctx, tx, tx.now, a.cost(a.deps.Settings.Budgets.InvitationsOfAdmin, domain.ThrottleInvitationsOfAdmin, tx.actor.User.ID.String()))
}

// acceptable refuses an invitation that ended. One to an admin's role ends when its inviter, who is locked, is no active
// admin any more.
func (a *App) acceptable(ctx context.Context, tx *tx, u domain.User, inviter uuid.UUID) error {
	if !u.InvitedAt(tx.now) || u.InvitedBy != inviter {
		return domain.ErrInvalidCode
	}
	if by, ok := tx.user(inviter); u.Role != domain.RoleAdmin || ok && by.ActiveAdmin(tx.now) {
		return nil
	}
	if err := a.deleteSignUps(ctx, tx, u.Email.Key, func(o domain.User) bool { return o.ID == u.ID }); err != nil {
		return err
	}
	return keep(domain.ErrInvalidCode)
}
