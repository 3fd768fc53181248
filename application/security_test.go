package application_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestForgotPassword_IsNotKeptFromTheOwnerByStrangersWhoAskForOtherMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	for i := range 30 {
		w.clock.advance(time.Minute)
		stranger := domain.Source{IP: fmt.Sprintf("198.51.100.%d", i)}
		if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: stranger}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: password, Source: stranger}); err != nil && !errors.Is(err, domain.Throttled(0)) {
			t.Fatal(err)
		}
	}
	w.deliver()
	before := w.mails.mailed()
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Source{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if w.mails.mailed() != before+1 {
		t.Error("the owner gets no mail")
	}
}

func TestPassword_StaysGoodForYears(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	w.clock.advance(5 * 365 * 24 * time.Hour)
	w.login("ada@example.com")
}

func TestSession_EndsAfterADayWithoutARefresh(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		ended := func(pair application.TokenPair) {
			t.Helper()
			w.clock.advance(24 * time.Hour)
			if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenExpired) {
				t.Errorf("the refresh token of yesterday: %v", err)
			}
			if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrTokenExpired) {
				t.Errorf("the access token of yesterday: %v", err)
			}
			if err := w.Logout(w.ctx, pair.Refresh.Reveal(), domain.Source{}); !errors.Is(err, domain.ErrTokenExpired) {
				t.Errorf("logging out with the refresh token of yesterday: %v", err)
			}
		}
		ended(w.login("ada@example.com"))
		pair := w.login("ada@example.com")
		w.clock.advance(24*time.Hour - time.Second)
		pair, err := w.refresh(pair)
		if err != nil {
			t.Fatalf("just before the end: %v", err)
		}
		ended(pair)
	})
}

func TestLogin_BeginsASessionOfItsOwnWithTokensThatNoOtherHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	first, second := w.login("ada@example.com"), w.login("ada@example.com")
	if first.Access == second.Access || first.Refresh == second.Refresh || w.principal(first).SessionID == w.principal(second).SessionID {
		t.Error("two logins share something")
	}
	for _, pair := range []application.TokenPair{first, second} {
		if _, err := w.refresh(pair); err != nil {
			t.Errorf("one of them has no session: %v", err)
		}
	}
}

func TestSession_IsKeptWhenItsUserConfirmsThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	p := w.principal(pair)
	next := "new@example.com"
	if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &next, CurrentPassword: password}); err != nil {
		t.Fatal(err)
	}
	if w.principal(pair).SessionID != p.SessionID {
		t.Error("another session")
	}
	if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{}); err != nil {
		t.Fatal(err)
	}
	if w.principal(pair).SessionID != p.SessionID {
		t.Error("another session")
	}
	if _, err := w.refresh(pair); err != nil {
		t.Errorf("the refresh token: %v", err)
	}
}

func TestSessions_NoneOutlivesABlockOrADeletion(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		block := func(by domain.Principal, user uuid.UUID, until time.Time) error {
			_, err := w.BlockUser(w.ctx, by, application.BlockUser{ID: user, Until: until})
			return err
		}
		for name, end := range map[string]func(p domain.Principal) error{
			"a block":            func(p domain.Principal) error { return block(boss, p.User.ID, time.Time{}) },
			"a block for a time": func(p domain.Principal) error { return block(boss, p.User.ID, w.clock.Now().Add(time.Minute)) },
			"a block of oneself": func(p domain.Principal) error { return block(p, p.User.ID, time.Time{}) },
			"a deletion":         func(p domain.Principal) error { return w.DeleteUser(w.ctx, boss, p.User.ID, nil, domain.Source{}) },
			"deleting one's own": func(p domain.Principal) error { return w.DeleteOwnAccount(w.ctx, p, password, nil, domain.Source{}) },
		} {
			for during, stop := range map[string]func(n int, do func()){"the hash": w.stops.beforeHash, "the transaction": w.stops.beforeTx} {
				p := w.admin(uuid.NewString() + "@example.com")
				email := p.User.Email.Key
				pairs := []application.TokenPair{w.login(email), w.login(email), w.login(email)} // one is never used
				w.principal(pairs[1])
				rotated, err := w.refresh(pairs[2])
				if err != nil {
					t.Fatal(err)
				}
				pairs = append(pairs, rotated)
				stop(0, func() {
					if err := end(p); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				_, err = w.Login(w.ctx, application.Login{Email: email, Password: password})
				if !errors.Is(err, domain.ErrAccountBlocked) && !errors.Is(err, domain.ErrInvalidCredentials) {
					t.Errorf("%s during %s of a login: %v", name, during, err)
				}
				ended := func(when string) {
					for i, pair := range pairs {
						if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
							t.Errorf("%s %s: access token %d: %v", when, name, i, err)
						}
						if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenRevoked) {
							t.Errorf("%s %s: refresh token %d: %v", when, name, i, err)
						}
					}
				}
				ended("after")
				w.clock.advance(time.Minute) // a block for a time is over
				if _, err := w.UnblockUser(w.ctx, boss, p.User.ID, nil, domain.Source{}); err != nil && !errors.Is(err, domain.ErrUserNotFound) {
					t.Fatal(err)
				}
				ended("once it is over, after")
			}
		}
	}, func(s *application.Settings) { s.RateLimits = false })
}

func TestLogin_ANetworkStaysTheAccountsForNinetyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) {
		s.Budgets.LoginOfAccount = domain.Budget{Burst: 1, Interval: 365 * 24 * time.Hour}
	})
	w.verified("ada@example.com")
	login := func(password, ip string) error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: from(ip)})
		return err
	}
	if err := login(password, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if err := login("wrong password", "198.51.100.1"); !errors.Is(err, domain.ErrInvalidCredentials) { // that was all for strangers
		t.Fatal(err)
	}
	w.clock.advance(90*24*time.Hour - time.Second)
	if err := login("wrong password", "192.0.2.1"); !errors.Is(err, domain.ErrInvalidCredentials) {
		t.Errorf("within ninety days: %v", err)
	}
	w.clock.advance(time.Second)
	if err := login(password, "192.0.2.1"); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("after ninety days: %v", err)
	}
}

func TestResetPassword_OpensTheWayInFromItsNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) {
		s.Budgets.LoginOfAccount = domain.Budget{Burst: 1, Interval: 365 * 24 * time.Hour}
	})
	w.verified("ada@example.com")
	login := func(password, ip string) error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: from(ip)})
		return err
	}
	if err := login("wrong password", "198.51.100.1"); !errors.Is(err, domain.ErrInvalidCredentials) {
		t.Fatal(err)
	}
	if err := login(password, "192.0.2.1"); !errors.Is(err, domain.Throttled(0)) {
		t.Fatalf("strangers have not used the budget up: %v", err)
	}
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, "ada@example.com", from("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	reset := application.ResetPassword{Email: "ada@example.com", Code: w.mails.last().Digits.Reveal(), NewPassword: newPassword, Source: from("192.0.2.1")}
	if err := w.ResetPassword(w.ctx, reset); err != nil {
		t.Fatal(err)
	}
	if err := login(newPassword, "192.0.2.1"); err != nil {
		t.Errorf("after the reset: %v", err)
	}
	if err := login(newPassword, "192.0.2.2"); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("from another network: %v", err)
	}
}
