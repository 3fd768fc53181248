package application_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// verifyWith answers the mail of a sign-up of ada@example.com with a code and a password.
func (w *world) verifyWith(code domain.Secret, secret string) error {
	return w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: code.Reveal(), Password: &secret, Source: from("192.0.2.1")})
}

func TestVerify_WithThePasswordOfTheSignUpCostsNoBudget(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		u := w.signUp("ada@example.com")
		w.deliver()
		if err := w.verifyWith(w.mails.last().Digits, password); err != nil {
			t.Fatal(err)
		}
		if w.user(u.ID).Status != domain.StatusVerified {
			t.Error("is not verified")
		}
		for range domain.SuspiciousFailures - 1 {
			if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: "wrong", Source: from("192.0.2.1")}); !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Errorf("the login budget is used: %v", err)
			}
		}
		w.login("ada@example.com")
		w.deliver()
		if slices.ContainsFunc(w.mails.notices, func(n domain.Notice) bool { return n.Kind == domain.NoticeSuspiciousLogin }) {
			t.Error("the right password counted as a failed login")
		}
	}, func(s *application.Settings) {
		s.Budgets.LoginOfAccountFromNetwork = domain.Budget{Burst: domain.SuspiciousFailures - 1, Interval: time.Hour}
		s.Budgets.CodesOfAddress = domain.Budget{Burst: 1, Interval: time.Hour}
	})
}

func TestVerify_AWrongPasswordIsAFailedLoginAndTheCodeStaysGood(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		u := w.signUp("ada@example.com")
		w.deliver()
		codes := w.mails.last()
		for i := range 10 {
			code := codes.Digits
			if i%2 == 1 {
				code = codes.Long
			}
			if err := w.verifyWith(code, "wrong"); !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Fatalf("wrong password %d: %v", i, err)
			}
		}
		hashed := w.hasher.count
		if err := w.verifyWith(codes.Digits, password); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("after ten failures: %v", err)
		}
		if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: from("192.0.2.1")}); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("a login after ten failures: %v", err)
		}
		if w.hasher.count != hashed || w.user(u.ID).Status == domain.StatusVerified {
			t.Error("a throttled try was compared")
		}
		w.clock.advance(2 * time.Minute)
		if err := w.verifyWith(codes.Digits, password); err != nil {
			t.Errorf("with the right password at last: %v", err)
		}
	}, func(s *application.Settings) {
		s.Budgets.CodesOfAddress = domain.Budget{Burst: 2, Interval: 24 * time.Hour} // right digits cost none of it
	})
}

func TestVerify_LooksAtThePasswordAfterTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("ada@example.com")
	w.deliver()
	hashed := w.hasher.count
	for _, code := range []string{"000000", "aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if err := w.verifyWith(domain.NewSecret(code), password); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if w.hasher.count != hashed {
		t.Error("a password was compared beside a wrong code")
	}
	w.hasher.refuse = func() error { return domain.Overloaded(time.Second) }
	if err := w.verifyWith(w.mails.last().Long, password); !errors.Is(err, domain.Overloaded(0)) {
		t.Errorf("with a full queue: %v", err)
	}
	w.hasher.refuse = nil
	if err := w.verifyWith(w.mails.last().Long, password); err != nil {
		t.Error(err)
	}
}

func TestVerify_AnOwnerWhoIsAskedForThePasswordCannotVerifyAStrangersSignUp(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		const strangers = "the stranger's password"
		stranger, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: strangers, Locale: domain.LocaleEnglish, Source: from("203.0.113.1")})
		if err != nil {
			t.Fatal(err)
		}
		own := w.signUpFrom("198.51.100.1", "ada@example.com")
		w.deliver()
		if err := w.verifyWith(w.mails.codesOf(stranger.ID).Long, password); !errors.Is(err, domain.ErrInvalidCredentials) {
			t.Errorf("the stranger's link with the owner's password: %v", err)
		}
		if err := w.verifyWith(w.mails.codesOf(own.ID).Long, password); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Users().ByID(w.ctx, stranger.ID); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("the stranger's sign-up: %v", err)
		}
	})
}

func TestVerify_WithAPasswordThatIsResetMeanwhileIsAnInvalidCode(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.signUp("ada@example.com")
		w.deliver()
		code := w.mails.last().Long
		reset := w.forgot("ada@example.com").Long.Reveal()
		w.stops.beforeTx(1, func() {
			err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: reset, NewPassword: "another long password", Source: from("192.0.2.1")})
			if err != nil {
				t.Error(err)
			}
		})
		if err := w.verifyWith(code, password); !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("answered %v", err)
		}
		if w.stops.pending() {
			t.Error("nothing happened meanwhile")
		}
	})
}

func TestVerify_OfASignUpThatEndsDuringTheComparisonIsAnInvalidCode(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(w *world, do func()){
		"before the hash":        func(w *world, do func()) { w.stops.beforeHash(0, do) },
		"before the transaction": func(w *world, do func()) { w.stops.beforeTx(1, do) }, // after that of the try
	} {
		t.Run(name, func(t *testing.T) {
			onEveryStore(t, func(t *testing.T, w *world) {
				u := w.signUp("ada@example.com")
				w.deliver()
				code := w.mails.last().Long
				stop(w, func() {
					w.clock.advance(49 * time.Hour)
					if _, err := w.Purge(w.ctx); err != nil {
						t.Error(err)
					}
					w.clock.advance(-49 * time.Hour)
				})
				if err := w.verifyWith(code, password); !errors.Is(err, domain.ErrInvalidCode) {
					t.Errorf("answered %v", err)
				}
				// The password was right: it is no failed login.
				if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: "wrong", Source: from("192.0.2.1")}); !errors.Is(err, domain.ErrInvalidCredentials) {
					t.Errorf("the login budget is used: %v", err)
				}
				if w.stops.pending() {
					t.Error("nothing happened meanwhile")
				}
				if _, err := w.store.Users().ByID(w.ctx, u.ID); !errors.Is(err, domain.ErrNotFound) {
					t.Errorf("the sign-up: %v", err)
				}
			}, func(s *application.Settings) {
				s.Budgets.LoginOfAccountFromNetwork = domain.Budget{Burst: 1, Interval: time.Hour}
			})
		})
	}
}
