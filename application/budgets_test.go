package application_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// from is a source in a network.
func from(ip string) domain.Source { return domain.Source{IP: ip} }

func TestResetPassword_WithAWrongLongCodeCostsTwoReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	w.forgot("ada@example.com")
	hashes := w.hasher.count
	for range 100 {
		before := w.memory.Calls()
		err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: "abcdefghijklmnopqrstuvwxyz", NewPassword: newPassword})
		if !errors.Is(err, domain.ErrInvalidCode) {
			t.Fatal(err)
		}
		before["Challenges.Live"] += 2
		if after := w.memory.Calls(); !maps.Equal(before, after) {
			t.Fatalf("calls %v, want %v", after, before)
		}
	}
	if w.hasher.count != hashes {
		t.Errorf("%d hashes", w.hasher.count-hashes)
	}
}

func TestResetPassword_ComparesTheDigitsBeforeItHashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	codes, hashes := w.forgot("ada@example.com"), w.hasher.count
	wrong := "000000"
	if codes.Digits.Reveal() == wrong {
		wrong = "000001"
	}
	reset := application.ResetPassword{Email: "ada@example.com", Code: wrong, NewPassword: newPassword}
	for range domain.MaxGuesses {
		if err := w.ResetPassword(w.ctx, reset); !errors.Is(err, domain.ErrInvalidCode) {
			t.Fatal(err)
		}
	}
	reset.Code = codes.Digits.Reveal()
	if err := w.ResetPassword(w.ctx, reset); !errors.Is(err, domain.ErrInvalidCode) || w.hasher.count != hashes {
		t.Errorf("after five wrong guesses: %v, %d hashes", err, w.hasher.count-hashes)
	}
}

// Whatever waits for a hash gets back what it took when there is none, also when its own time is over by then.
func TestOverload_LeavesNobodyThrottled(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		p := w.principal(w.login("ada@example.com"))
		code := w.forgot("ada@example.com").Digits.Reveal()
		for name, call := range map[string]func(ctx context.Context) error{
			"login": func(ctx context.Context) error {
				_, err := w.Login(ctx, application.Login{Email: "ada@example.com", Password: password})
				return err
			},
			"sign-up": func(ctx context.Context) error {
				_, err := w.SignUp(ctx, application.SignUp{Email: "new@example.com", Password: password, Locale: domain.LocaleEnglish})
				return err
			},
			"reset": func(ctx context.Context) error {
				return w.ResetPassword(ctx, application.ResetPassword{Email: "ada@example.com", Code: code, NewPassword: newPassword})
			},
			"change": func(ctx context.Context) error {
				return w.ChangePassword(ctx, p, password, newPassword, domain.Source{})
			},
			"another address": func(ctx context.Context) error {
				other := "other@example.com"
				_, err := w.UpdateUser(ctx, p, application.UpdateUser{ID: p.User.ID, Email: &other, CurrentPassword: password})
				return err
			},
			"deletion": func(ctx context.Context) error {
				return w.DeleteOwnAccount(ctx, p, password, nil, domain.Source{})
			},
		} {
			for i := range 40 { // more than any budget has
				ctx, cancel := context.WithCancel(w.ctx)
				w.hasher.refuse = func() error {
					if i%2 == 0 {
						cancel()
					}
					return domain.Overloaded(time.Second)
				}
				if err := call(ctx); !errors.Is(err, domain.Overloaded(0)) {
					t.Fatalf("%s, call %d: %v", name, i, err)
				}
				cancel()
			}
		}
		w.hasher.refuse = nil
		w.login("ada@example.com")
		w.signUp("new@example.com")
		w.deliver()
		if len(w.mails.kinds()) > 0 {
			t.Errorf("the owner was told %v", w.mails.kinds())
		}
		if err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: code, NewPassword: newPassword}); err != nil {
			t.Error(err)
		}
	})
}

// A change hashes twice: when the second one is refused, both are forgotten.
func TestChangePassword_WhoseNewHashIsRefusedIsNoFailedTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	p := w.principal(w.login("ada@example.com"))
	for range 40 {
		second := false
		w.hasher.refuse = func() error {
			if second {
				return domain.Overloaded(time.Second)
			}
			second = true
			return nil
		}
		if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{}); !errors.Is(err, domain.Overloaded(0)) {
			t.Fatal(err)
		}
	}
	w.hasher.refuse = nil
	if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{}); err != nil {
		t.Fatal(err)
	}
}

func TestLogin_WhoseUpgradeIsRefusedSucceeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	u.PasswordHash = domain.NewPasswordHash("old hash of " + password)
	if err := w.store.Users().Update(w.ctx, u); err != nil {
		t.Fatal(err)
	}
	compared := false
	w.hasher.refuse = func() error {
		if compared {
			return domain.Overloaded(time.Second)
		}
		compared = true
		return nil
	}
	w.login("ada@example.com")
	if w.user(u.ID).PasswordHash != u.PasswordHash {
		t.Error("the hash changed")
	}
}

func TestLogin_RightPasswordsHaveABudgetTooThatIsLookedAtBeforeTheHash(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		login := func(ip string) error {
			_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: from(ip)})
			return err
		}
		for range 3 {
			if err := login("192.0.2.1"); err != nil {
				t.Fatal(err)
			}
		}
		hashes := w.hasher.count
		for range 20 { // no failure: the other budgets stay as they are
			if err := login("192.0.2.1"); !errors.Is(err, domain.Throttled(0)) {
				t.Fatal(err)
			}
		}
		if w.hasher.count != hashes {
			t.Errorf("%d hashes", w.hasher.count-hashes)
		}
		if err := login("192.0.2.2"); err != nil {
			t.Errorf("from another network: %v", err)
		}
		w.clock.advance(20 * time.Minute)
		w.stops.beforeHash(0, func() {
			if err := login("192.0.2.1"); err != nil {
				t.Error(err)
			}
		})
		if err := login("192.0.2.1"); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("two at once: %v", err)
		}
	}, func(s *application.Settings) {
		s.Budgets.SuccessfulLogins = domain.Budget{Burst: 3, Interval: 20 * time.Minute}
	})
}

func TestForgotPassword_AndResendShareTheMailsOfANetworkWhateverTheAddresses(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		taken := 0
		for i := range 100 {
			address := fmt.Sprintf("u%d@example.com", i)
			if i%10 == 0 {
				address = "ada@example.com"
			}
			ask := func() error { return w.ForgotPassword(w.ctx, address, from("198.51.100.1")) }
			if i%2 == 1 {
				ask = func() error {
					return w.Resend(w.ctx, application.Resend{Email: address, Source: from("198.51.100.1")})
				}
			}
			switch err := ask(); {
			case err == nil:
				taken++
			case !errors.Is(err, domain.Throttled(0)):
				t.Fatal(err)
			}
		}
		if taken != 60 {
			t.Errorf("%d were taken", taken)
		}
		if err := w.ForgotPassword(w.ctx, "ada@example.com", from("198.51.100.1")); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("a known address: %v", err)
		}
		if err := w.ForgotPassword(w.ctx, "nobody@example.com", from("198.51.100.1")); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("an unknown address: %v", err)
		}
		if err := w.ForgotPassword(w.ctx, "ada@example.com", from("192.0.2.1")); err != nil {
			t.Errorf("from another network: %v", err)
		}
	})
}

func TestForgotPassword_IsRecordedWhenTheCodeIsMailedAndOnlyThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	events, mailed := len(w.events()), w.audited(domain.ActionCodeMailed)
	source := domain.Source{IP: "192.0.2.1", UserAgent: "Browser/1", RequestID: "r"}
	for _, address := range []string{"ada@example.com", "nobody@example.com"} {
		if err := w.ForgotPassword(w.ctx, address, source); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.events()); n != events {
		t.Errorf("the requests wrote %d audit rows", n-events)
	}
	w.deliver()
	if w.audited(domain.ActionCodeMailed) != mailed+1 {
		t.Error("the mail was not recorded, or one that was not sent was")
	}
	all := w.events()
	if last := all[len(all)-1]; last.Subject != u.ID || last.Source != source || last.Details["purpose"] != "reset_password" {
		t.Errorf("recorded %+v", last)
	}
}

func TestForgotPassword_MailsToTheAddressAsTheOwnerWroteIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("Ada@Example.com")
	if err := w.ForgotPassword(w.ctx, "aDA@eXAMPLE.com", from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if to := w.mails.challenges[len(w.mails.challenges)-1].Email.Address; to != "Ada@Example.com" {
		t.Errorf("mailed to %s", to)
	}
}

func TestCodes_ThatAreRightCostNoGuess(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for i := range 5 {
			email := fmt.Sprintf("ada%d@example.com", i)
			w.verified(email)
			code := w.forgot(email).Digits.Reveal()
			// A password that is refused does not use the code up.
			err := w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: code, NewPassword: "!!! Ada 1815"})
			if !errors.Is(err, domain.ErrPasswordPersonal) {
				t.Fatal(err)
			}
			if err := w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: code, NewPassword: newPassword}); err != nil {
				t.Fatal(err)
			}
		}
	}, func(s *application.Settings) {
		s.Budgets.CodesFromNetwork = domain.Budget{Burst: 2, Interval: 24 * time.Hour}
		s.Budgets.CodesOfAddress = domain.Budget{Burst: 2, Interval: 24 * time.Hour}
	})
}

func TestPurge_RemovesAuditEventsAfterTheirRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	w.clock.advance(399 * 24 * time.Hour)
	w.login("ada@example.com")
	if _, err := w.Purge(w.ctx); err != nil {
		t.Fatal(err)
	}
	if w.audited(domain.ActionUserVerified) != 1 {
		t.Error("an event went early")
	}
	w.clock.advance(2 * 24 * time.Hour)
	if _, err := w.Purge(w.ctx); err != nil {
		t.Fatal(err)
	}
	if w.audited(domain.ActionUserVerified) != 0 || w.audited(domain.ActionSessionStarted) != 1 {
		t.Error("an old event stays, or a young one went")
	}
}
