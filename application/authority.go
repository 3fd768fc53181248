package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// held is what a transaction has locked when its function begins.
type held struct {
	now   time.Time
	actor domain.Principal // as it is now; zero for Anonymous and the Operator
	users []domain.User
}

// write runs fn in a transaction on behalf of actor, after it has locked the given users and actor itself. What a
// Principal may do is decided here, from the user and session as they are under the lock: whatever was read before,
// a hash or a queue may lie between. One who has lost the session is told so, as any later request would be.
func (a *App) write(ctx context.Context, actor domain.Actor, who ports.Whom, fn func(tx ports.Store, h held) error) error {
	p, loggedIn := actor.(domain.Principal)
	if loggedIn {
		who.IDs = append(slices.Clone(who.IDs), p.User.ID)
	}
	return a.store.InTx(ctx, func(tx ports.Store) error {
		users, err := tx.Users().Lock(ctx, who)
		if err != nil {
			return err
		}
		h := held{now: a.now(), users: users}
		if loggedIn {
			if h.actor, err = a.present(ctx, tx, p, h); err != nil {
				return err
			}
		}
		return fn(tx, h)
	})
}

// present returns a caller as it is now.
func (a *App) present(ctx context.Context, tx ports.Store, p domain.Principal, h held) (domain.Principal, error) {
	u, ok := h.user(p.User.ID)
	if !ok || u.BlockedAt(h.now) {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	s, err := tx.Sessions().Lock(ctx, p.SessionID, h.now)
	if errors.Is(err, domain.ErrNotFound) || err == nil && s.Session.UserID != u.ID {
		return domain.Principal{}, domain.ErrSessionEnded
	}
	return domain.Principal{User: u, SessionID: p.SessionID}, err
}

// user returns a locked user.
func (h held) user(id uuid.UUID) (domain.User, bool) {
	i := slices.IndexFunc(h.users, func(u domain.User) bool { return u.ID == id })
	if i < 0 {
		return domain.User{}, false
	}
	return h.users[i], true
}

// target returns the locked user that the call is about; domain.ErrUserNotFound when it is gone.
func (h held) target(id uuid.UUID) (domain.User, error) {
	u, ok := h.user(id)
	if !ok {
		return domain.User{}, domain.ErrUserNotFound
	}
	return u, nil
}

// owner returns the locked user that an address belongs to: the verified one, else the newest sign-up.
func (h held) owner(address string) (domain.User, bool) {
	var owner domain.User
	for _, u := range h.users {
		if u.Email.Key == address && (owner.ID == uuid.Nil || u.Verified() || !owner.Verified() && u.Newer(owner)) {
			owner = u
		}
	}
	return owner, owner.ID != uuid.Nil
}

// signUps are the ids of the locked sign-ups of an address for which give is true.
func (h held) signUps(address string, give func(domain.User) bool) []uuid.UUID {
	var ids []uuid.UUID
	for _, u := range h.users {
		if u.Email.Key == address && !u.Verified() && give(u) {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

// keepsAnAdmin refuses to take an active admin away when no other remains. The admins are locked.
func (h held) keepsAnAdmin(target domain.User) error {
	if !target.ActiveAdmin(h.now) {
		return nil
	}
	for _, u := range h.users {
		if u.ID != target.ID && u.ActiveAdmin(h.now) {
			return nil
		}
	}
	return domain.ErrLastAdmin
}
