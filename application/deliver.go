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
//
// Each try is counted before it begins, and only a certain failure is taken back: a code does not outlive its time
// because the mail server's answer was lost.
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
	wanted, err := a.wantsCodes(ctx, c)
	if err != nil {
		return fmt.Errorf("deliver challenge %s: %w", id, err)
	}
	// Also without a mail: otherwise the challenge of an address without an account would live longer than others.
	now := a.now()
	if err := a.store.Challenges().BeginHandOver(ctx, id, now, now.Add(domain.ChallengeLife)); err != nil {
		return fmt.Errorf("begin to hand challenge %s over: %w", id, err)
	}
	if !wanted {
		return nil
	}
	err = a.mailer.SendChallenge(ctx, c, a.codes.Codes(c))
	if errors.Is(err, ports.ErrNotTaken) {
		err = errors.Join(err, a.undoHandOver(ctx, c))
	}
	if err != nil {
		return fmt.Errorf("deliver challenge %s: %w", id, err)
	}
	return a.record(ctx, a.store, a.now(), event{action: domain.ActionCodeMailed, subject: c.UserID, source: c.Source,
		details: map[string]string{"purpose": string(c.Purpose)}})
}

// undoHandOver takes a failed try back, even when the time of the job is over.
func (a *App) undoHandOver(ctx context.Context, c domain.Challenge) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	return a.store.Challenges().UndoHandOver(ctx, c.ID, c.CreatedAt.Add(domain.ChallengeDelivery))
}

// wantsCodes reports whether the codes are to be mailed, and otherwise tells the owner of the address what somebody
// tried. It decides here, where nobody waits for the answer: the address may make a difference.
func (a *App) wantsCodes(ctx context.Context, c domain.Challenge) (bool, error) {
	owner, err := a.store.Users().ByEmail(ctx, c.Email.Key)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return false, err
	}
	others := err == nil && owner.Verified() && owner.ID != c.UserID
	switch {
	case others && c.Purpose == domain.PurposeVerifyEmail:
		return false, a.tellOwner(ctx, owner, domain.NoticeSignUpAttempted)
	case others && c.Purpose == domain.PurposeChangeEmail:
		return false, a.tellOwner(ctx, owner, domain.NoticeAddressRequested)
	case others || c.UserID == uuid.Nil:
		return false, nil
	}
	u, err := a.store.Users().ByID(ctx, c.UserID)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	return err == nil && (c.Purpose != domain.PurposeVerifyEmail || !u.Verified()), err
}

// tellOwner writes a notice to the owner of an address that somebody else tried to use, at most one an hour.
func (a *App) tellOwner(ctx context.Context, owner domain.User, kind domain.NoticeKind) error {
	now := a.now()
	return a.store.InTx(ctx, func(tx ports.Store) error {
		wait, err := tx.Throttles().Take(ctx, a.throttles.For(domain.ThrottleSignUpNotices, string(kind), owner.Email.Key), domain.SignUpNotices, now)
		if err != nil || wait > 0 {
			return err
		}
		return a.notify(ctx, tx, now, kind, owner, domain.Source{})
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
