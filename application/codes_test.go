package application_test

import (
	"errors"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// purposes are all that a mailed code is good for.
var purposes = []domain.Purpose{domain.PurposeVerifyEmail, domain.PurposeResetPassword, domain.PurposeChangeEmail}

// ask has somebody ask for a code, whose mail is still to be delivered, and returns what it is for.
func (w *world) ask(p domain.Purpose, name string) (use func(code domain.Secret) error) {
	w.t.Helper()
	email := name + "@example.com"
	switch p {
	case domain.PurposeVerifyEmail:
		w.signUp(email)
		return func(code domain.Secret) error {
			return w.Verify(w.ctx, application.Verify{Email: email, Code: code.Reveal()})
		}
	case domain.PurposeResetPassword:
		w.verified(email)
		w.askToReset(email)
		return func(code domain.Secret) error {
			return w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: code.Reveal(), NewPassword: newPassword})
		}
	default:
		w.verified(email)
		return w.askForAddress(email, "new."+email)
	}
}

func (w *world) askToReset(email string) {
	w.t.Helper()
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, email, domain.Source{}); err != nil {
		w.t.Fatal(err)
	}
}

// askForAddress has a user ask for another address, and returns how it is confirmed.
func (w *world) askForAddress(email, next string) (confirm func(code domain.Secret) error) {
	w.t.Helper()
	w.clock.advance(time.Minute)
	p := w.principal(w.login(email))
	if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &next, CurrentPassword: password}); err != nil {
		w.t.Fatal(err)
	}
	return func(code domain.Secret) error {
		p.User = w.user(p.User.ID)
		_, err := w.ConfirmEmail(w.ctx, p, code.Reveal(), domain.Source{})
		return err
	}
}

func TestCodes_LiveTenMinutesFromTheirMail(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, p := range purposes {
			use := w.ask(p, "late."+string(p))
			w.clock.advance(3 * time.Hour) // the mail server was away
			w.deliver()
			w.clock.advance(10*time.Minute - time.Second)
			if err := use(w.mails.last().Digits); err != nil {
				t.Errorf("%s, just before the end: %v", p, err)
			}
			use = w.ask(p, "later."+string(p))
			w.deliver()
			w.clock.advance(10 * time.Minute)
			for _, code := range []domain.Secret{w.mails.last().Digits, w.mails.last().Long} {
				if err := use(code); !errors.Is(err, domain.ErrInvalidCode) {
					t.Errorf("%s, at the end: %v", p, err)
				}
			}
		}
	})
}

func TestCodes_ThatEndWhileTheyAreUsedAreRefused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, p := range purposes {
			use := w.ask(p, string(p))
			w.deliver()
			w.clock.advance(10*time.Minute - time.Second)
			w.stops.beforeTx(0, func() { w.clock.advance(time.Second) }) // the long code is compared without a transaction
			if err := use(w.mails.last().Long); !errors.Is(err, domain.ErrInvalidCode) || w.stops.pending() {
				t.Errorf("%s: %v", p, err)
			}
		}
	})
}

func TestCodes_ThatEndWhileTheyWaitForALockAreRefused(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, w *world) {
		w.App = newApp(t, w.store, w.clock.Now, w.hasher, w.mails) // a second run would not wait
		for _, p := range purposes {
			use := w.ask(p, string(p))
			w.deliver()
			w.clock.advance(10*time.Minute - time.Second)
			done := make(chan error, 1)
			err := w.store.InTx(w.ctx, func(tx ports.Store) error {
				last := w.mails.challenges[len(w.mails.challenges)-1]
				if _, err := tx.Users().Lock(w.ctx, ports.UserSet{Address: last.Email.Key}); err != nil {
					return err
				}
				go func() { done <- use(w.mails.last().Long) }()
				for w.waiting != nil && w.waiting() == 0 && len(done) == 0 {
					time.Sleep(time.Millisecond)
				}
				w.clock.advance(time.Second)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, domain.ErrInvalidCode) {
				t.Errorf("%s: %v", p, err)
			}
		}
	})
}

func TestCodes_OpenOnceAlsoWhenTheyComeTwiceAtATime(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		for _, p := range purposes {
			use := w.ask(p, string(p))
			w.deliver()
			code := w.mails.last().Long
			w.stops.beforeTx(0, func() {
				if err := use(code); err != nil {
					t.Errorf("%s, the one that was quicker: %v", p, err)
				}
			})
			for _, which := range []string{"the slower one", "a later one"} {
				if err := use(code); !errors.Is(err, domain.ErrInvalidCode) {
					t.Errorf("%s, %s: %v", p, which, err)
				}
			}
		}
	})
}

func TestCodes_DieWithAResetOrAnotherAddress(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		reset := func(code domain.Secret) error {
			return w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: code.Reveal(), NewPassword: newPassword})
		}
		u := w.verified("ada@example.com")
		w.askToReset("ada@example.com")
		w.deliver()
		first := w.mails.last().Long
		w.clock.advance(5 * time.Minute) // too late for the same codes
		w.askToReset("ada@example.com")
		w.deliver()
		if second := w.mails.last().Long; second == first {
			t.Fatal("the codes are the same")
		} else if err := reset(second); err != nil {
			t.Fatal(err)
		}
		if err := reset(first); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("after a reset with the other code: %v", err)
		}

		w.askToReset("ada@example.com")
		w.deliver()
		for _, address := range []string{"lovelace@example.com", "ada@example.com"} { // there and back
			if _, err := w.UpdateUser(w.ctx, boss, application.UpdateUser{ID: u.ID, Email: &address}); err != nil {
				t.Fatal(err)
			}
		}
		if err := reset(w.mails.codesOf(u.ID).Long); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("after another address: %v", err)
		}
	})
}

func TestConfirmEmail_TakesTheCodeOfItsOwnUserOnly(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		ada, bob := w.verified("ada@example.com"), w.verified("bob@example.com")
		confirm := map[string]func(domain.Secret) error{
			"ada": w.askForAddress("ada@example.com", "new@example.com"),
			"bob": w.askForAddress("bob@example.com", "new@example.com"),
		}
		w.deliver()
		for _, code := range []domain.Secret{w.mails.codesOf(ada.ID).Long, w.mails.codesOf(ada.ID).Digits} {
			if err := confirm["bob"](code); !errors.Is(err, domain.ErrInvalidCode) {
				t.Errorf("another's code: %v", err)
			}
		}
		if err := confirm["ada"](w.mails.codesOf(ada.ID).Long); err != nil {
			t.Error(err)
		}
		if u := w.user(bob.ID); u.Email.Key != "bob@example.com" {
			t.Errorf("moved to %s", u.Email.Key)
		}
	})
}

func TestConfirmEmail_TakesFiveGuessesOfACodeAndTwentyFiveOfAnAddress(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		confirm := w.askForAddress("ada@example.com", "new@example.com")
		w.deliver()
		guess := func(n int) {
			t.Helper()
			for range n {
				if err := confirm(domain.NewSecret("999999")); !errors.Is(err, domain.ErrInvalidCode) {
					t.Fatal(err)
				}
			}
		}
		guess(5)
		confirm = w.askForAddress("ada@example.com", "new@example.com") // buys none
		w.deliver()
		if err := confirm(w.mails.last().Digits); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("a sixth guess: %v", err)
		}
		guess(19)
		if err := confirm(domain.NewSecret("999999")); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("the twenty-sixth guess: %v", err)
		}
		if err := confirm(w.mails.last().Long); err != nil {
			t.Errorf("the long code: %v", err)
		}
	})
}
