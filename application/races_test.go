package application_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// The tests here stop a call where it matters, have another one done from beginning to end, and let the first go on.

func TestSignUp_WhoseHashTookLongerThanOthersNeitherFailsNorGivesWay(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.stops.beforeHash(0, func() {
			for i := range 4 {
				w.clock.advance(time.Second)
				w.signUpFrom(fmt.Sprintf("198.51.100.%d", i), "ada@example.com")
			}
		})
		slow := w.signUpFrom("192.0.2.1", "ada@example.com")
		w.deliver()
		if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: w.mails.codesOf(slow.ID).Digits.Reveal(), ID: slow.ID}); err != nil {
			t.Fatal(err)
		}
		if u := w.user(slow.ID); !u.Verified() || u.SignUpNetwork != "" {
			t.Errorf("verified as %+v", u)
		}
	})
}

func TestSignUp_ManyAtOnceOfOneAddressAllSucceed(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() {
				_, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: password, Locale: domain.LocaleEnglish, Source: domain.Source{IP: fmt.Sprintf("198.51.100.%d", i)}})
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

// Of a reset and a change of the password that exclude each other, one succeeds, and its password stands.
func TestPassword_OfAResetAndAChangeOneSucceeds(t *testing.T) {
	t.Parallel()
	const first, second = "the first new password", "the second new password"
	for name, long := range map[string]bool{"digits": false, "the long code": true} {
		for _, during := range []string{"the hash", "the transaction"} {
			t.Run(name+", during "+during, func(t *testing.T) {
				onEveryStore(t, func(t *testing.T, w *world) {
					w.verified("ada@example.com")
					p := w.principal(w.login("ada@example.com"))
					codes, txs := w.forgot("ada@example.com"), 2 // the guess is taken, and compared
					code := codes.Digits.Reveal()
					if long {
						code, txs = codes.Long.Reveal(), 0
					}
					change := func() {
						if err := w.ChangePassword(w.ctx, p, password, first, domain.Source{}); err != nil {
							t.Error(err)
						}
					}
					if during == "the hash" {
						w.stops.beforeHash(0, change)
					} else {
						w.stops.beforeTx(txs, change)
					}
					err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: code, NewPassword: second})
					if !errors.Is(err, domain.ErrInvalidCode) {
						t.Errorf("the reset: %v", err)
					}
					if w.stops.pending() {
						t.Error("nothing came between")
					}
					if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: first}); err != nil {
						t.Errorf("the password that was changed: %v", err)
					}
				})
			})
		}
	}
}

// A user who is deleted while a call waits for its row is none when the call goes on.
func TestCalls_BesideADeletionOfTheirUserDoNotFail(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, w *world) {
		for name, call := range map[string]struct {
			verified bool
			do       func(email string) error
			want     error
		}{
			"forgot": {true, func(email string) error { return w.ForgotPassword(w.ctx, email, domain.Source{}) }, nil},
			"resend": {false, func(email string) error { return w.Resend(w.ctx, application.Resend{Email: email}) }, nil},
			"sign-up": {false, func(email string) error {
				_, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, Locale: domain.LocaleEnglish, Source: from("198.51.100.9")})
				return err
			}, nil},
			"login": {true, func(email string) error {
				_, err := w.Login(w.ctx, application.Login{Email: email, Password: password})
				return err
			}, domain.ErrInvalidCredentials},
			"verify": {false, func(email string) error {
				return w.Verify(w.ctx, application.Verify{Email: email, Code: w.mails.last().Long.Reveal()})
			}, domain.ErrInvalidCode},
		} {
			email := name + "@example.com"
			var u domain.User
			if call.verified {
				u = w.verified(email)
			} else {
				u = w.signUp(email)
				w.deliver()
			}
			w.clock.advance(time.Minute)
			done := make(chan error, 1)
			err := w.store.InTx(w.ctx, func(tx ports.Store) error {
				if err := tx.Users().Delete(w.ctx, u.ID, w.clock.Now()); err != nil {
					return err
				}
				go func() { done <- call.do(email) }()
				for w.waiting != nil && w.waiting() == 0 && len(done) == 0 {
					time.Sleep(time.Millisecond)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, call.want) {
				t.Errorf("%s: %v, want %v", name, err, call.want)
			}
		}
	})
}

func TestVerify_ACodeThatDiesWhileItIsUsedDoesNotOpenTheAccount(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		mine := w.signUpFrom("192.0.2.1", "ada@example.com")
		w.deliver()
		codes := w.mails.last()
		w.clock.advance(time.Minute)
		other := w.signUpFrom("198.51.100.1", "ada@example.com")
		w.deliver()
		w.stops.beforeTx(0, func() { // the long code is compared without a transaction
			if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: w.mails.last().Long.Reveal(), ID: other.ID}); err != nil {
				t.Error(err)
			}
		})
		if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: codes.Long.Reveal(), ID: mine.ID}); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("the second one: %v", err)
		}
		if u := w.user(other.ID); !u.Verified() {
			t.Error("the first one is not verified")
		}
	})
}

func TestConfirmEmail_OfACodeForAnAddressThatIsNoLongerWantedIsRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		p := w.principal(w.login("ada@example.com"))
		ask := func(address string) {
			w.clock.advance(time.Minute)
			if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &address, CurrentPassword: password}); err != nil {
				t.Fatal(err)
			}
			w.deliver()
		}
		ask("first@example.com")
		code := w.mails.codesOf(p.User.ID).Long.Reveal()
		p.User = w.user(p.User.ID)
		stale := p
		w.stops.beforeTx(0, func() { ask("second@example.com") })
		if _, err := w.ConfirmEmail(w.ctx, stale, code, domain.Source{}); !errors.Is(err, domain.ErrInvalidCode) {
			t.Error(err)
		}
		if u := w.user(p.User.ID); u.Email.Key != "ada@example.com" || u.PendingEmail.Key != "second@example.com" {
			t.Errorf("now %+v", u)
		}
	})
}

// The stored hash may be replaced by a stronger one of the same password while others compare it.
func TestLogin_DuringAnUpgradeOfTheHashIsNotRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		u := w.verified("ada@example.com")
		u.PasswordHash = domain.NewPasswordHash("old hash of " + password)
		if err := w.store.Users().Update(w.ctx, u); err != nil {
			t.Fatal(err)
		}
		w.stops.beforeHash(0, func() { w.login("ada@example.com") })
		w.login("ada@example.com")
		w.stops.beforeHash(1, func() { w.login("ada@example.com") })
		w.login("ada@example.com")
		if w.user(u.ID).PasswordHash != domain.NewPasswordHash("hash of "+password) {
			t.Error("the hash was not upgraded")
		}
	})
}

func TestLogin_WithAPasswordOrAnAddressThatWasReplacedMeanwhileIsRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		for i, change := range []func(p domain.Principal) error{
			func(p domain.Principal) error {
				return w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{})
			},
			func(p domain.Principal) error {
				other := "other@example.com"
				_, err := w.UpdateUser(w.ctx, boss, application.UpdateUser{ID: p.User.ID, Email: &other})
				return err
			},
			func(p domain.Principal) error { return w.DeleteUser(w.ctx, boss, p.User.ID, nil, domain.Source{}) },
		} {
			email := fmt.Sprintf("ada%d@example.com", i)
			w.verified(email)
			p := w.principal(w.login(email))
			w.stops.beforeHash(0, func() {
				if err := change(p); err != nil {
					t.Error(err)
				}
			})
			if _, err := w.Login(w.ctx, application.Login{Email: email, Password: password}); !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Errorf("change %d: %v", i, err)
			}
		}
	})
}
