package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// What takes the authority away may be at work already, and not yet committed: a write waits for it.
func TestWrites_WaitForWhatTakesTheirActorsAuthorityAway(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, w *world) {
		target := w.verified("ada@example.com")
		changed := func(tx ports.Store, u domain.User, change func(u *domain.User) error) error {
			if err := change(&u); err != nil {
				return err
			}
			return tx.Users().Update(w.ctx, u)
		}
		for name, c := range map[string]struct {
			lose func(tx ports.Store, p domain.Principal) error
			want error
		}{
			"demoted": {func(tx ports.Store, p domain.Principal) error {
				return changed(tx, p.User, func(u *domain.User) error { return u.ChangeRole(domain.RoleUser, w.clock.Now()) })
			}, domain.ErrAdminOnly},
			"blocked": {func(tx ports.Store, p domain.Principal) error {
				return changed(tx, p.User, func(u *domain.User) error { return u.Block("", time.Time{}, w.clock.Now()) })
			}, domain.ErrSessionEnded},
			"deleted": {func(tx ports.Store, p domain.Principal) error {
				return tx.Users().Delete(w.ctx, p.User.ID, w.clock.Now())
			}, domain.ErrSessionEnded},
			"logged out": {func(tx ports.Store, p domain.Principal) error {
				return tx.Sessions().End(w.ctx, p.SessionID, domain.ReasonLoggedOut, w.clock.Now())
			}, domain.ErrSessionEnded},
		} {
			p := w.admin(name[:1] + uuid.NewString() + "@example.com")
			done := make(chan error, 1)
			err := w.store.InTx(w.ctx, func(tx ports.Store) error {
				if err := c.lose(tx, p); err != nil {
					return err
				}
				go func() {
					_, err := w.BlockUser(w.ctx, p, application.BlockUser{ID: target.ID})
					done <- err
				}()
				for w.waiting != nil && w.waiting() == 0 && len(done) == 0 {
					time.Sleep(time.Millisecond)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if w.user(target.ID) != target {
			t.Errorf("changed to %+v", w.user(target.ID))
		}
	})
}

// The password that a caller has given once more may have been replaced before its call is done.
func TestOwner_AProofByAPasswordThatWasReplacedMeanwhileDoesNotHold(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.admin("boss@example.com")
		address := "new@example.com"
		for name, write := range map[string]func(p domain.Principal) error{
			"another password": func(p domain.Principal) error {
				return w.ChangePassword(w.ctx, p, password, "yet another one", domain.Source{})
			},
			"another address": func(p domain.Principal) error {
				_, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &address, CurrentPassword: password})
				return err
			},
			"a deletion": func(p domain.Principal) error { return w.DeleteOwnAccount(w.ctx, p, password, nil, domain.Source{}) },
		} {
			p := w.admin(uuid.NewString() + "@example.com")
			w.stops.beforeTx(0, func() {
				if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{}); err != nil {
					t.Error(err)
				}
			})
			if err := write(p); !errors.Is(err, domain.ErrWrongPassword) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := w.Login(w.ctx, application.Login{Email: p.User.Email.Key, Password: newPassword}); err != nil {
				t.Errorf("%s: the owner's new password: %v", name, err)
			}
			if u := w.user(p.User.ID); !u.PendingEmail.IsZero() {
				t.Errorf("%s: %s is pending", name, u.PendingEmail.Address)
			}
		}
	}, func(s *application.Settings) { s.RateLimits = false })
}
