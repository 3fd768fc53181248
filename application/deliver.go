package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// DeliverChallenge mails the codes of a challenge, or tells the owner of the address what was tried with it. It
// may be repeated: the mail then carries the same codes. A challenge that has died meanwhile is dropped.
func (a *App) DeliverChallenge(ctx context.Context, id uuid.UUID) error {
	c, err := a.store.Challenges().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read challenge %s: %w", id, err)
	}
	if !c.Live(a.now()) {
		return nil
	}
	if err := a.deliver(ctx, c); err != nil {
		return fmt.Errorf("deliver challenge %s: %w", id, err)
	}
	now := a.now()
	if err := a.store.Challenges().MarkHandedOver(ctx, id, now, now.Add(domain.ChallengeLife)); err != nil {
		return fmt.Errorf("mark challenge %s as handed over: %w", id, err)
	}
	return nil
}

// deliver decides what is mailed: here, where nobody waits for the answer, an address may make a difference.
func (a *App) deliver(ctx context.Context, c domain.Challenge) error {
	owner, err := a.store.Users().ByEmail(ctx, c.Email.Key)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	others := err == nil && owner.Verified() && owner.ID != c.UserID
	switch {
	case others && c.Purpose == domain.PurposeVerifyEmail:
		return a.tellOwner(ctx, owner, domain.NoticeSignUpAttempted)
	case others && c.Purpose == domain.PurposeChangeEmail:
		return a.tellOwner(ctx, owner, domain.NoticeAddressRequested)
	case others || c.UserID == uuid.Nil:
		return nil
	}
	u, err := a.store.Users().ByID(ctx, c.UserID)
	if errors.Is(err, domain.ErrNotFound) || err == nil && c.Purpose == domain.PurposeVerifyEmail && u.Verified() {
		return nil
	}
	if err != nil {
		return err
	}
	return a.mailer.SendChallenge(ctx, c, a.codes.Codes(c))
}

// tellOwner writes a notice to the owner of an address that somebody else tried to use, at most one an hour.
func (a *App) tellOwner(ctx context.Context, owner domain.User, kind domain.NoticeKind) error {
	now := a.now()
	return a.store.InTx(ctx, func(tx ports.Store) error {
		wait, err := tx.Throttles().Take(ctx, a.throttles.For(string(kind), owner.Email.Key), domain.SignUpNotices, now)
		if err != nil || wait > 0 {
			return err
		}
		return a.notify(ctx, tx, now, kind, owner, domain.Client{})
	})
}

// DeliverNotice mails a notice and deletes it. It may be repeated: a notice that is gone was sent.
func (a *App) DeliverNotice(ctx context.Context, id uuid.UUID) error {
	n, err := a.store.Notices().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read notice %s: %w", id, err)
	}
	if err := a.mailer.SendNotice(ctx, n); err != nil {
		return fmt.Errorf("mail notice %s: %w", id, err)
	}
	if err := a.store.Notices().Delete(ctx, id); err != nil {
		return fmt.Errorf("delete notice %s: %w", id, err)
	}
	return nil
}
