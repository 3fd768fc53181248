package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// newPassword checks a password that somebody wants to set.
func (a *App) newPassword(text string, email domain.Email, firstName, lastName string) (domain.Password, error) {
	p, err := domain.NewPassword(text)
	if err != nil {
		return p, err
	}
	return p, p.Allowed(a.deps.Passwords.Common, email, firstName, lastName)
}

// hash hashes a password that is to be set. The costs of the request are refunded when there was no hash.
func (a *App) hash(ctx context.Context, p domain.Password, source domain.Source, costs ...cost) (domain.PasswordHash, error) {
	hash, err := a.deps.Hasher.Hash(ports.WithSource(ctx, source), p)
	if err != nil {
		return hash, a.refund(ctx, fmt.Errorf("hash the password: %w", err), costs...)
	}
	return hash, nil
}

// refused reports whether an error says that the queue had no time or place for the work.
func refused(err error) bool {
	var e *domain.Error
	return errors.As(err, &e) && e.Kind == domain.KindUnavailable
}

// storePassword stores a user with a new password, and ends all sessions but one.
func storePassword(ctx context.Context, tx *tx, u domain.User, keep uuid.UUID) error {
	if err := tx.Users().Update(ctx, u); err != nil {
		return err
	}
	_, err := tx.Sessions().EndAll(ctx, u.ID, keep, domain.ReasonRevoked, tx.now)
	return err
}

// inField gives the field of an input error the name that the request uses.
func inField(err error, name string) error {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 {
		return err
	}
	renamed := *e
	renamed.Fields = []domain.Field{{Name: name, Message: e.Fields[0].Message}}
	return &renamed
}
