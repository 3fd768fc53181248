package application_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// invite invites somebody and returns the account and the code of the mail.
func (w *world) invite(p domain.Principal, email, role string) (domain.User, string) {
	w.t.Helper()
	u, err := w.InviteUser(w.ctx, p, application.InviteUser{Email: email, Role: role, FirstName: "Ada"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.deliver()
	return u, w.mails.last().Long.Reveal()
}

func (w *world) accept(email, code string) error {
	return w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: code, NewPassword: newPassword, Source: from("192.0.2.1")})
}

func (w *world) logsIn(email, secret string) error {
	_, err := w.Login(w.ctx, application.Login{Email: email, Password: secret, Source: from("192.0.2.1")})
	return err
}

func TestInvite_TheCodeSetsThePasswordAndProvesTheAddress(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.admin("boss@example.com")
		for _, role := range []domain.Role{domain.RoleUser, domain.RoleAdmin} {
			email := string(role) + "@example.com"
			admin := w.principal(w.login("boss@example.com")) // the time that passes ends sessions
			u, code := w.invite(admin, email, string(role))
			if !w.mails.last().Digits.IsZero() {
				t.Error("the invitation has digits")
			}
			if u.Verified() || u.Role != role || u.InvitedBy != admin.User.ID || !u.PasswordHash.IsZero() || u.UnverifiedUntil != w.clock.Now().UTC().Truncate(time.Microsecond).Add(72*time.Hour) {
				t.Errorf("invited %+v", u)
			}
			if err := w.logsIn(email, newPassword); !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Errorf("before: %v", err)
			}
			w.clock.advance(72*time.Hour - time.Second)
			if err := w.accept(email, code); err != nil {
				t.Fatal(err)
			}
			if got := w.user(u.ID); !got.Verified() || got.Role != role || got.Invited() || got.FirstName != "Ada" {
				t.Errorf("accepted %+v", got)
			}
			if err := w.logsIn(email, newPassword); err != nil {
				t.Error(err)
			}
			if err := w.accept(email, code); !errors.Is(err, domain.ErrInvalidCode) {
				t.Errorf("the code once more: %v", err)
			}
		}
		if n := w.audited(domain.ActionInviteAccepted); n != 2 {
			t.Errorf("%d acceptances are recorded", n)
		}
	})
}

func TestInvite_ExpiresAndIsPurged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		_, code := w.invite(admin, "ada@example.com", "")
		w.clock.advance(72 * time.Hour)
		if err := w.accept("ada@example.com", code); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("late: %v", err)
		}
		for range 2 { // whether it was purged or not, the address can be invited again
			u, _ := w.invite(w.principal(w.login("boss@example.com")), "ada@example.com", "")
			w.clock.advance(72 * time.Hour)
			if _, err := w.Purge(w.ctx); err != nil {
				t.Fatal(err)
			}
			if !w.gone(u.ID) {
				t.Error("the invitation is still there")
			}
		}
	})
}

func TestInvite_IsRefusedForWhoHasAnAccountOrAnInvitation(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		w.verified("ada@example.com")
		w.signUp("bob@example.com")
		w.invite(admin, "bob@example.com", "") // an attempt is no obstacle
		for email, want := range map[string]error{"ADA@example.com": domain.ErrEmailTaken, "BOB@example.com": domain.ErrAlreadyInvited, "x": domain.Invalid("", "")} {
			if _, err := w.InviteUser(w.ctx, admin, application.InviteUser{Email: email}); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", email, err, want)
			}
		}
		errs := make(chan error, 8)
		var wg sync.WaitGroup
		for range cap(errs) {
			wg.Go(func() {
				_, err := w.InviteUser(w.ctx, admin, application.InviteUser{Email: "cyd@example.com"})
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		won := 0
		for err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, domain.ErrAlreadyInvited) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d of the racing invitations were sent", won)
		}
	})
}

func TestInvite_ForgotPasswordAndResendMailTheInvitationAgain(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		u, code := w.invite(admin, "ada@example.com", "admin")
		for _, again := range []func() error{
			func() error { return w.ForgotPassword(w.ctx, "ada@example.com", from("203.0.113.1")) },
			func() error {
				return w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: from("203.0.113.1")})
			},
			func() error {
				return w.Resend(w.ctx, application.Resend{Email: "ada@example.com", ID: u.ID, Source: from("203.0.113.1")})
			},
		} {
			before := w.mails.count()
			w.clock.advance(time.Hour)
			if err := again(); err != nil {
				t.Fatal(err)
			}
			w.deliver()
			if last := w.mails.last(); w.mails.count() != before+1 || last.Long.Reveal() != code || !last.Digits.IsZero() {
				t.Errorf("%d more mails, the last with the same code: %t", w.mails.count()-before, last.Long.Reveal() == code)
			}
		}
		// An attempt of the same network has its own codes again.
		w.signUpFrom("203.0.113.1", "ada@example.com")
		w.deliver()
		w.clock.advance(time.Minute)
		if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: from("203.0.113.1")}); err != nil {
			t.Fatal(err)
		}
		w.deliver()
		if w.mails.last().Digits.IsZero() {
			t.Error("the sign-up's owner got the invitation")
		}
		for range 1000 {
			if err := w.accept("ada@example.com", "123456"); errors.Is(err, domain.Throttled(0)) {
				break
			} else if err == nil {
				t.Fatal("digits opened the invitation")
			}
		}
		if err := w.accept("ada@example.com", code); err != nil {
			t.Errorf("after guesses of digits: %v", err)
		}
	})
}

func TestInvite_EndsWhenTheAddressIsVerifiedInAnotherWay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		for i, verify := range []func(email string) error{
			func(email string) error {
				w.signUp(email)
				w.deliver()
				return w.Verify(w.ctx, application.Verify{Email: email, Code: w.mails.last().Long.Reveal()})
			},
			func(email string) error {
				u := w.verified("other-" + email)
				_, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: u.ID, Email: &email})
				return err
			},
			func(email string) error {
				w.verified("self-" + email)
				p := w.principal(w.login("self-" + email))
				if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &email, CurrentPassword: password}); err != nil {
					return err
				}
				w.deliver()
				p = w.principal(w.login("self-" + email))
				_, err := w.ConfirmEmail(w.ctx, p, w.mails.last().Long.Reveal(), domain.Source{})
				return err
			},
			func(email string) error {
				_, err := w.CreateAdmin(w.ctx, email, password, domain.LocaleEnglish)
				return err
			},
		} {
			email := fmt.Sprintf("ada%d@example.com", i)
			u, code := w.invite(admin, email, "admin")
			if err := verify(email); err != nil {
				t.Fatalf("way %d: %v", i, err)
			}
			w.deliver()
			if err := w.accept(email, code); !errors.Is(err, domain.ErrInvalidCode) || !w.gone(u.ID) {
				t.Errorf("way %d: the invitation afterwards: %v", i, err)
			}
			if n := w.audited(domain.ActionInviteEnded); n != i+1 {
				t.Errorf("way %d: %d ends are recorded", i, n)
			}
			got, err := w.store.Users().ByEmail(w.ctx, email)
			if err != nil || !got.Verified() || got.Role == domain.RoleAdmin && i < 3 {
				t.Errorf("way %d: %+v, %v", i, got, err)
			}
		}
	})
}

// An invitation to the role admin is as good as its inviter is when it is accepted.
func TestInvite_OfAnAdminEndsWithItsInvitersAuthority(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		for name, lose := range map[string]func(p domain.Principal) error{
			"demoted": func(p domain.Principal) error {
				role := "user"
				_, err := w.UpdateUser(w.ctx, boss, application.UpdateUser{ID: p.User.ID, Role: &role})
				return err
			},
			"blocked": func(p domain.Principal) error {
				_, err := w.BlockUser(w.ctx, boss, application.BlockUser{ID: p.User.ID})
				return err
			},
			"deleted": func(p domain.Principal) error { return w.DeleteUser(w.ctx, boss, p.User.ID, nil, domain.Source{}) },
		} {
			for _, during := range []string{"before", "the hash", "the transaction"} {
				inviter := w.admin(fmt.Sprintf("%s-%d@example.com", name, len(during)))
				asAdmin, asUser := fmt.Sprintf("a-%s-%d@example.com", name, len(during)), fmt.Sprintf("u-%s-%d@example.com", name, len(during))
				u, code := w.invite(inviter, asAdmin, "admin")
				_, codeOfUser := w.invite(inviter, asUser, "user")
				loses := func() {
					if err := lose(inviter); err != nil {
						t.Error(err)
					}
				}
				switch during {
				case "before":
					loses()
				case "the hash":
					w.stops.beforeHash(0, loses)
				default:
					w.stops.beforeTx(0, loses)
				}
				if err := w.accept(asAdmin, code); !errors.Is(err, domain.ErrInvalidCode) || !w.gone(u.ID) {
					t.Errorf("%s during %s: %v", name, during, err)
				}
				if w.stops.pending() {
					t.Error("nothing happened meanwhile")
				}
				if err := w.accept(asUser, codeOfUser); err != nil {
					t.Errorf("%s during %s, as a user: %v", name, during, err)
				}
			}
		}
		if n := w.audited(domain.ActionInviteEnded); n != 9 {
			t.Errorf("%d ends are recorded", n)
		}
	})
}

func TestInvite_RepeatedItBeginsAnewAndRevokedItIsGone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		w.admin("second@example.com")
		u, first := w.invite(admin, "ada@example.com", "admin")
		w.clock.advance(71 * time.Hour)
		second := w.principal(w.login("second@example.com"))
		again, err := w.RepeatInvitation(w.ctx, second, u.ID, domain.Versions{u.Version}, domain.Source{})
		if err != nil || again.Version == u.Version || again.InvitedBy != second.User.ID {
			t.Fatalf("%+v, %v", again, err)
		}
		w.deliver()
		code := w.mails.last().Long.Reveal()
		if err := w.accept("ada@example.com", first); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("the code of the first mail: %v", err)
		}
		w.clock.advance(71 * time.Hour)
		admin = w.principal(w.login("boss@example.com"))
		if err := w.RevokeInvitation(w.ctx, admin, u.ID, domain.Versions{u.Version}, domain.Source{}); !errors.Is(err, domain.ErrVersionConflict) {
			t.Errorf("an earlier version is revoked: %v", err)
		}
		if err := w.RevokeInvitation(w.ctx, admin, u.ID, nil, domain.Source{}); err != nil {
			t.Fatal(err)
		}
		if err := w.accept("ada@example.com", code); !errors.Is(err, domain.ErrInvalidCode) || !w.gone(u.ID) {
			t.Errorf("revoked: %v", err)
		}
		verified := w.verified("bob@example.com")
		if err := w.RevokeInvitation(w.ctx, admin, verified.ID, nil, domain.Source{}); !errors.Is(err, domain.ErrNotInvited) {
			t.Errorf("a user is revoked: %v", err)
		}
		if _, err := w.RepeatInvitation(w.ctx, admin, verified.ID, nil, domain.Source{}); !errors.Is(err, domain.ErrNotInvited) {
			t.Errorf("a user is invited: %v", err)
		}
		if err := w.RevokeInvitation(w.ctx, admin, u.ID, nil, domain.Source{}); !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("nobody is revoked: %v", err)
		}
	})
}

func TestInvite_HasABudgetOfItsAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) {
		s.Budgets.InvitationsOfAdmin = domain.Budget{Burst: 2, Interval: time.Hour}
	})
	admin, other := w.admin("boss@example.com"), w.admin("other@example.com")
	u, _ := w.invite(admin, "a@example.com", "")
	if _, err := w.RepeatInvitation(w.ctx, admin, u.ID, nil, domain.Source{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.InviteUser(w.ctx, admin, application.InviteUser{Email: "b@example.com"}); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("the third: %v", err)
	}
	if _, err := w.store.Users().ByID(w.ctx, u.ID); err != nil {
		t.Error(err)
	}
	w.invite(other, "b@example.com", "")
	ada := w.verified("ada@example.com")
	if _, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: ada.ID, Email: new("stranger@example.com")}); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("another's address: %v", err)
	}
	w.clock.advance(time.Hour)
	w.invite(admin, "c@example.com", "")
}

func TestInvite_RacesWithSignUpsResetsResendsAndDeletionsOfItsAddress(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		for round := range 6 {
			email := fmt.Sprintf("ada%d@example.com", round)
			u, code := w.invite(admin, email, "user")
			w.signUpFrom("203.0.113.9", email)
			w.deliver()
			signUp := w.mails.last().Long.Reveal()
			accepted := make(chan error, 8)
			var wg sync.WaitGroup
			for i := range 24 {
				wg.Go(func() {
					var err error
					switch i % 8 {
					case 0, 1:
						err = w.accept(email, code)
						accepted <- err
					case 2:
						err = w.Verify(w.ctx, application.Verify{Email: email, Code: signUp, Source: from("203.0.113.9")})
					case 3:
						err = w.ForgotPassword(w.ctx, email, from(fmt.Sprintf("203.0.113.%d", i)))
					case 4:
						err = w.Resend(w.ctx, application.Resend{Email: email, Source: from(fmt.Sprintf("203.0.113.%d", i))})
					case 5:
						_, err = w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, Locale: domain.LocaleEnglish, Source: from(fmt.Sprintf("198.51.100.%d", i))})
					case 6:
						_, err = w.RepeatInvitation(w.ctx, admin, u.ID, nil, domain.Source{})
					default:
						if round%2 == 0 {
							err = w.RevokeInvitation(w.ctx, admin, u.ID, nil, domain.Source{})
						}
					}
					for _, fine := range []error{nil, domain.ErrInvalidCode, domain.ErrUserNotFound, domain.ErrNotInvited, domain.Throttled(0)} {
						if errors.Is(err, fine) {
							return
						}
					}
					t.Errorf("round %d, call %d: %v", round, i%8, err)
				})
			}
			wg.Wait()
			close(accepted)
			won := 0
			for err := range accepted {
				if err == nil {
					won++
				}
			}
			if won > 1 {
				t.Errorf("round %d: the invitation was accepted %d times", round, won)
			}
			w.deliver()
			verified, invitations := 0, 0
			w.eachUser(func(o domain.User) {
				if o.Email.Key != email {
					return
				}
				if o.Verified() {
					verified++
				}
				if o.Invited() {
					invitations++
				}
			})
			if verified > 1 || verified == 1 && invitations > 0 || won == 1 && verified != 1 {
				t.Errorf("round %d: %d verified users and %d invitations, accepted %d", round, verified, invitations, won)
			}
		}
	}, func(s *application.Settings) { s.RateLimits = false })
}

func (w *world) eachUser(do func(domain.User)) {
	w.t.Helper()
	page, err := w.store.Users().List(w.ctx, domain.UserQuery{Sort: domain.SortNewest, Limit: 10_000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, u := range page.Users {
		do(u)
	}
}

func TestStartReset_MailsTheUserACodeAndTellsTheAdminNothing(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
		if err := w.StartReset(w.ctx, admin, u.ID, domain.Source{}); err != nil {
			t.Fatal(err)
		}
		if err := w.StartReset(w.ctx, admin, u.ID, domain.Source{}); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("within a minute: %v", err)
		}
		w.deliver()
		if err := w.logsIn("ada@example.com", password); err != nil {
			t.Errorf("the present password: %v", err)
		}
		if err := w.accept("ada@example.com", w.mails.last().Digits.Reveal()); err != nil {
			t.Fatal(err)
		}
		if err := w.logsIn("ada@example.com", newPassword); err != nil {
			t.Error(err)
		}
		invited, _ := w.invite(admin, "bob@example.com", "")
		for _, id := range []uuid.UUID{invited.ID, w.signUp("cyd@example.com").ID} {
			if err := w.StartReset(w.ctx, admin, id, domain.Source{}); !errors.Is(err, domain.ErrUnverifiedUser) {
				t.Errorf("unverified: %v", err)
			}
		}
		if err := w.StartReset(w.ctx, admin, uuid.New(), domain.Source{}); !errors.Is(err, domain.ErrUserNotFound) {
			t.Errorf("nobody: %v", err)
		}
		w.deliver()
	})
}
