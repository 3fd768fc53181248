package application

import (
	"context"
	"fmt"

	"coffeeshop/domain"
)

// notify writes a notice to a user and the job that mails it. The mail tells where the call came from.
func (a *App) notify(ctx context.Context, tx *tx, kind domain.NoticeKind, to domain.User) error {
	return a.notifyAt(ctx, tx, kind, to.Email, to.Locale, tx.source)
}

// notifyAt is notify for an address that need not be the user's present one, and a source that may be hidden.
func (a *App) notifyAt(ctx context.Context, tx *tx, kind domain.NoticeKind, to domain.Email, locale domain.Locale, source domain.Source) error {
	n := domain.Notice{ID: a.deps.NewID(), Kind: kind, Email: to, Locale: locale, Source: source, CreatedAt: tx.now}
	if err := tx.Notices().Create(ctx, n); err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	return wrap(tx.Jobs().SendNotice(ctx, n.ID), "enqueue a notice")
}
