package application

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// The failures of making an admin.
var (
	ErrAdminExists = &domain.Error{Kind: domain.KindConflict, Code: "admin_exists",
		Message: "This address belongs to an admin already; the password stays as it is."}
	ErrPromoteInstead = &domain.Error{Kind: domain.KindConflict, Code: "promote_instead",
		Message: "This address belongs to a verified user, whose password stays as it is. To make that user an admin, run: admin promote --email ADDRESS"}
)

// CreateAdmin opens a verified admin account, whose mails are in the locale; the operator vouches for the address. It deletes sign-ups of the address,
// and never touches a verified account: ErrAdminExists, ErrPromoteInstead.
func (a *App) CreateAdmin(ctx context.Context, address, secret string, locale domain.Locale) (domain.User, error) {
	return a.createAdmin(ctx, address, secret, locale, false)
}

// EnsureAdmin is CreateAdmin in English while there is no admin, and otherwise does nothing. It reports whether it acted.
// It may run on several replicas at once.
func (a *App) EnsureAdmin(ctx context.Context, address, secret string) (bool, error) {
	present := true
	err := a.write(ctx, domain.Operator{}, domain.Source{}, ports.UserSet{Admins: true}, func(tx *tx) error {
		present = len(tx.users) > 0
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look for an admin: %w", err)
	}
	if present { // before a hash
		return false, nil
	}
	u, err := a.createAdmin(ctx, address, secret, domain.LocaleEnglish, true)
	return err == nil && u.ID != uuid.Nil, err
}

// createAdmin opens the account; with onlyFirst, only while there is no admin.
func (a *App) createAdmin(ctx context.Context, address, secret string, locale domain.Locale, onlyFirst bool) (domain.User, error) {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return domain.User{}, err
	}
	password, err := a.newPassword(secret, email, "", "")
	if err != nil {
		return domain.User{}, err
	}
	hash, err := a.hash(ctx, password, domain.Source{})
	if err != nil {
		return domain.User{}, fmt.Errorf("create an admin: %w", err)
	}
	id := a.deps.NewID()
	var u domain.User
	err = a.write(ctx, domain.Operator{}, domain.Source{}, ports.UserSet{Address: email.Key, Admins: onlyFirst}, func(tx *tx) error {
		u = domain.User{}
		if onlyFirst && slices.ContainsFunc(tx.users, func(u domain.User) bool { return u.Verified() && u.Role == domain.RoleAdmin }) {
			return nil
		}
		if present, _ := tx.owner(email.Key); present.Verified() {
			if present.Role == domain.RoleAdmin {
				return ErrAdminExists
			}
			return ErrPromoteInstead
		}
		if err := a.deleteSignUps(ctx, tx, email.Key, func(domain.User) bool { return true }); err != nil {
			return err
		}
		u = domain.NewUser(id, email, hash, locale, tx.now)
		u.Verify(tx.now)
		if err := u.ChangeRole(domain.RoleAdmin, tx.now); err != nil {
			return err
		}
		if err := tx.Users().Create(ctx, u); err != nil {
			return err
		}
		return a.record(ctx, tx, domain.ActionAdminCreated, u.ID)
	})
	return u, wrap(err, "create an admin")
}
