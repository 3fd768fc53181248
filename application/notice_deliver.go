package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// DeliverNotice mails a notice and deletes it. It may be repeated: a notice that is gone was sent.
func (a *App) DeliverNotice(ctx context.Context, id uuid.UUID) error {
	n, err := a.deps.Store.Notices().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read notice %s: %w", id, err)
	}
	if err := a.deps.Mailer.SendNotice(ctx, n); err != nil {
		return fmt.Errorf("mail notice %s: %w", id, err)
	}
	return wrap(a.deps.Store.Notices().Delete(ctx, id), "delete notice %s", id)
}
