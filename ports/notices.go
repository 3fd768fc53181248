package ports

import (
	"context"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Notices keeps mails that wait to be sent.
type Notices interface {
	Create(ctx context.Context, n domain.Notice) error
	ByID(ctx context.Context, id uuid.UUID) (domain.Notice, error)
	// Delete removes a notice; it may be gone already.
	Delete(ctx context.Context, id uuid.UUID) error
}
