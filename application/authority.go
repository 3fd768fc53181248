package application

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// present returns a caller as it is now.
func (tx *tx) present(ctx context.Context, p domain.Principal) (domain.Principal, error) {
	u, ok := tx.user(p.User.ID)
	if !ok || u.BlockedAt(tx.now) {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	s, err := tx.Sessions().Lock(ctx, p.SessionID, tx.now)
	if errors.Is(err, domain.ErrNotFound) || err == nil && s.Session.UserID != u.ID {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	return domain.Principal{User: u, SessionID: p.SessionID}, err
}

// user returns a locked user.
func (tx *tx) user(id uuid.UUID) (domain.User, bool) {
	i := slices.IndexFunc(tx.users, func(u domain.User) bool { return u.ID == id })
	if i < 0 {
		return domain.User{}, false
	}
	return tx.users[i], true
}

// owner returns the locked user that an address belongs to: the verified one, else an imported one, else the newest
// sign-up. An invitation belongs to nobody yet.
func (tx *tx) owner(address string) (domain.User, bool) {
	var owner domain.User
	for _, u := range tx.users {
		if u.Email.Key == address && !u.Invited() && (owner.ID == uuid.Nil || u.Precedes(owner)) {
			owner = u
		}
	}
	return owner, owner.ID != uuid.Nil
}

// invitation returns the locked invitation of an address that can be accepted.
func (tx *tx) invitation(address string) (domain.User, bool) {
	i := slices.IndexFunc(tx.users, func(u domain.User) bool { return u.Email.Key == address && u.InvitedAt(tx.now) })
	if i < 0 {
		return domain.User{}, false
	}
	return tx.users[i], true
}

// deleteSignUps deletes the locked sign-ups and invitations of an address that are chosen, and records the ends of
// invitations.
func (a *App) deleteSignUps(ctx context.Context, tx *tx, address string, chosen func(domain.User) bool) error {
	var ids []uuid.UUID
	for _, u := range tx.users {
		if u.Email.Key != address || u.Verified() || !chosen(u) {
			continue
		}
		ids = append(ids, u.ID)
		if u.InvitedAt(tx.now) {
			if err := a.record(ctx, tx, domain.ActionInviteEnded, u.ID); err != nil {
				return err
			}
		}
	}
	return tx.Users().DeleteSignUps(ctx, ids...)
}

// keepsAnAdmin refuses to take an active admin away when no other remains. The admins are locked.
func (tx *tx) keepsAnAdmin(target domain.User) error {
	if !target.ActiveAdmin(tx.now) {
		return nil
	}
	for _, u := range tx.users {
		if u.ID != target.ID && u.ActiveAdmin(tx.now) {
			return nil
		}
	}
	return domain.ErrLastAdmin
}

// allowed returns the reason why the caller may not change these fields of the user.
func (in UpdateUser) allowed(p domain.Principal) error {
	self := p.User.ID == in.ID
	switch {
	case !self && !p.IsAdmin():
		return domain.ErrNotYourAccount
	case in.Role != nil && !p.IsAdmin():
		return domain.ErrRoleChangeDenied
	case in.AppData != nil && !p.IsAdmin():
		return domain.ErrAppDataDenied
	case in.Email != nil && self && in.CurrentPassword == "":
		return domain.ErrPasswordRequired
	}
	return nil
}
