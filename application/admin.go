package application

import (
	"context"
	"errors"
	"fmt"

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

// CreateAdmin opens a verified admin account; whoever runs the service vouches for the address. Unverified
// sign-ups of the address give way. A verified account is never touched: ErrAdminExists, ErrPromoteInstead.
func (a *App) CreateAdmin(ctx context.Context, address, secret string) (domain.User, error) {
	return a.createAdmin(ctx, address, secret, func(context.Context, ports.Store) (bool, error) { return true, nil })
}

// EnsureAdmin is CreateAdmin while there is no admin, and otherwise does nothing. It reports whether it acted.
// It may run on several replicas at once.
func (a *App) EnsureAdmin(ctx context.Context, address, secret string) (bool, error) {
	none := func(ctx context.Context, tx ports.Store) (bool, error) {
		admins, err := tx.Users().LockAdmins(ctx)
		return len(admins) == 0, err
	}
	needed := false
	err := a.store.InTx(ctx, func(tx ports.Store) (err error) {
		needed, err = none(ctx, tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for an admin: %w", err)
	}
	if !needed {
		return false, nil
	}
	u, err := a.createAdmin(ctx, address, secret, none)
	return u.ID != uuid.Nil, err
}

// createAdmin opens the account if, under the address's lock, it still is needed.
func (a *App) createAdmin(ctx context.Context, address, secret string, needed func(context.Context, ports.Store) (bool, error)) (domain.User, error) {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return domain.User{}, err
	}
	password, err := a.newPassword(secret, email, "", "")
	if err != nil {
		return domain.User{}, err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return domain.User{}, fmt.Errorf("hash the password: %w", err)
	}
	now, id := a.now(), a.newID()
	var u domain.User
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		u = domain.User{}
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		if needed, err := needed(ctx, tx); err != nil || !needed {
			return err
		}
		present, err := tx.Users().ByEmail(ctx, email.Key)
		switch {
		case errors.Is(err, domain.ErrNotFound) || err == nil && !present.Verified():
		case err != nil:
			return err
		case present.Role == domain.RoleAdmin:
			return ErrAdminExists
		default:
			return ErrPromoteInstead
		}
		if err := tx.Users().DeleteAttempts(ctx, email.Key, 0); err != nil {
			return err
		}
		u = domain.NewUser(id, email, hash, domain.LocaleEnglish, now)
		u.Verify(now)
		if err := u.ChangeRole(domain.RoleAdmin, now); err != nil {
			return err
		}
		if err := tx.Users().Create(ctx, u); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionAdminCreated, subject: u.ID})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("create an admin: %w", err)
	}
	return u, nil
}

// PromoteAdmin makes the verified user of an address an admin; repeating it is no error.
func (a *App) PromoteAdmin(ctx context.Context, address string) (domain.User, error) {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return domain.User{}, err
	}
	now := a.now()
	var u domain.User
	err = a.store.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().LockAddress(ctx, email.Key); err != nil {
			return err
		}
		found, err := tx.Users().ByEmail(ctx, email.Key)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrUserNotFound
		}
		if err != nil {
			return err
		}
		if u, err = tx.Users().Lock(ctx, found.ID); err != nil {
			return err
		}
		if u.Role == domain.RoleAdmin {
			return nil
		}
		if err := u.ChangeRole(domain.RoleAdmin, now); err != nil {
			return err
		}
		if err := tx.Users().Update(ctx, u); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionRoleChanged, subject: u.ID,
			details: map[string]string{"role": string(u.Role)}})
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("promote: %w", err)
	}
	return u, nil
}
