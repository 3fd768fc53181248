package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// DeliverChallenge mails the codes of a challenge, or tells the owner of the address that somebody tried to use it. It
// may be repeated: the mail then carries the same codes. A challenge that has died meanwhile is dropped.
//
// Each try is recorded before it begins, and the code's life counts from there. Only a mail that was certainly not sent
// takes the record back. So a lost answer of the mail server does not lengthen the code's life.
func (a *App) DeliverChallenge(ctx context.Context, id uuid.UUID) error {
	c, err := a.deps.Store.Challenges().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read challenge %s: %w", id, err)
	}
	if !c.Live(a.now()) {
		return nil
	}
	wanted, err := a.wantsMail(ctx, c)
	if err != nil {
		return fmt.Errorf("deliver challenge %s: %w", id, err)
	}
	// Also without a mail: otherwise the challenge of an address without an account would live longer than others.
	now := a.now()
	if err := a.deps.Store.Challenges().BeginHandOver(ctx, id, now, c.EndsAt(now)); err != nil {
		return fmt.Errorf("begin to hand challenge %s over: %w", id, err)
	}
	if !wanted {
		return nil
	}
	err = a.deps.Mailer.SendChallenge(ctx, c, a.codes.Codes(c))
	if errors.Is(err, ports.ErrNotTaken) {
		err = errors.Join(err, a.undoHandOver(ctx, c))
	}
	if err != nil {
		return fmt.Errorf("deliver challenge %s: %w", id, err)
	}
	return a.write(ctx, domain.Anonymous{}, c.Source, ports.UserSet{}, func(tx *tx) error {
		return a.record(ctx, tx, domain.ActionCodeMailed, c.UserID, "purpose", string(c.Purpose))
	})
}

// undoHandOver takes a failed try back, even when the time of the job is over.
func (a *App) undoHandOver(ctx context.Context, c domain.Challenge) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	return a.deps.Store.Challenges().UndoHandOver(ctx, c.ID, c.EndsAt(time.Time{}))
}

// wantsMail reports whether the codes are to be mailed; otherwise it may tell the owner of the address that somebody
// tried to use it. Only here may the address make a difference, since nobody measures the time of a job.
func (a *App) wantsMail(ctx context.Context, c domain.Challenge) (bool, error) {
	owner, err := a.deps.Store.Users().ByEmail(ctx, c.Email.Key)
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
	u, err := a.deps.Store.Users().ByID(ctx, c.UserID)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	switch c.Purpose {
	case domain.PurposeVerifyEmail:
		return err == nil && !u.Verified(), err
	case domain.PurposeInvitation:
		return err == nil && u.Invited(), err
	}
	return err == nil, err
}

// tellOwner writes a notice to the owner of an address that somebody else tried to use, at most one an hour.
func (a *App) tellOwner(ctx context.Context, owner domain.User, kind domain.NoticeKind) error {
	return a.write(ctx, domain.Anonymous{}, domain.Source{}, ports.UserSet{}, func(tx *tx) error {
		wait, err := tx.Throttles().Take(ctx, a.throttles.For(domain.ThrottleSignUpNotices, string(kind), owner.Email.Key), domain.SignUpNotices, tx.now)
		if err != nil || wait > 0 {
			return err
		}
		return a.notify(ctx, tx, kind, owner)
	})
}
