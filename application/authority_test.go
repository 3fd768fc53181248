package application_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// A demoted, blocked, logged-out or deleted admin does nothing more, wherever its call was when that happened.
func TestWrites_OfAnActorWhoLostItsAuthorityMeanwhileAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		target := w.verified("ada@example.com")
		user, admin := string(domain.RoleUser), string(domain.RoleAdmin)
		for name, lose := range map[string]func(p domain.Principal) error{
			"demoted": func(p domain.Principal) error {
				_, err := w.UpdateUser(w.ctx, boss, application.UpdateUser{ID: p.User.ID, Role: &user})
				return err
			},
			"blocked": func(p domain.Principal) error {
				_, err := w.BlockUser(w.ctx, boss, application.BlockUser{ID: p.User.ID})
				return err
			},
			"deleted": func(p domain.Principal) error { return w.DeleteUser(w.ctx, boss, p.User.ID, nil, domain.Source{}) },
			"logged out": func(p domain.Principal) error {
				return w.EndSession(w.ctx, boss, p.User.ID, p.SessionID, domain.Source{})
			},
		} {
			for call, write := range map[string]func(p domain.Principal) error{
				"its own role": func(p domain.Principal) error {
					_, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Role: &admin})
					return err
				},
				"unblock itself": func(p domain.Principal) error {
					_, err := w.UnblockUser(w.ctx, p, p.User.ID, nil, domain.Source{})
					return err
				},
				"another's role": func(p domain.Principal) error {
					_, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: target.ID, Role: &admin})
					return err
				},
				"a block": func(p domain.Principal) error {
					_, err := w.BlockUser(w.ctx, p, application.BlockUser{ID: target.ID})
					return err
				},
				"a deletion": func(p domain.Principal) error { return w.DeleteUser(w.ctx, p, target.ID, nil, domain.Source{}) },
				"another's sessions": func(p domain.Principal) error {
					return w.EndSessions(w.ctx, p, target.ID, domain.Source{})
				},
			} {
				p := w.admin(fmt.Sprintf("%s@example.com", uuid.NewString()))
				w.stops.beforeTx(0, func() {
					if err := lose(p); err != nil {
						t.Error(err)
					}
				})
				want := error(domain.ErrSessionEnded)
				if name == "demoted" {
					want = domain.ErrAdminOnly
					switch call {
					case "its own role":
						want = domain.ErrRoleChangeDenied
					case "another's role":
						want = domain.ErrNotYourAccount
					}
				}
				if err := write(p); !errors.Is(err, want) {
					t.Errorf("%s, then %s: %v, want %v", name, call, err, want)
				}
				if w.stops.pending() {
					t.Errorf("%s, then %s: it never happened", name, call)
				}
			}
		}
		if w.user(target.ID) != target {
			t.Errorf("changed to %+v", w.user(target.ID))
		}
	}, func(s *application.Settings) { s.RateLimits = false })
}
