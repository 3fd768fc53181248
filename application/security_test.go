package application_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestForgotPassword_IsNotKeptFromTheOwnerByStrangersWhoAskForOtherMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	for i := range 30 {
		w.clock.advance(time.Minute)
		stranger := domain.Client{IP: fmt.Sprintf("198.51.100.%d", i)}
		if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Client: stranger}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: password, Client: stranger}); err != nil && !errors.Is(err, domain.Throttled(0)) {
			t.Fatal(err)
		}
	}
	w.deliver()
	before := w.mails.mailed()
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Client{}); err != nil {
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
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	w.clock.advance(24 * time.Hour)
	if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenExpired) {
		t.Errorf("the refresh token of yesterday: %v", err)
	}
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Client{}); !errors.Is(err, domain.ErrTokenExpired) {
		t.Errorf("the access token of yesterday: %v", err)
	}
}

func TestLogin_BeginsASessionOfItsOwnWithTokensThatNoOtherHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	first, second := w.login("ada@example.com"), w.login("ada@example.com")
	if first.Access == second.Access || first.Refresh == second.Refresh || w.principal(first).SessionID == w.principal(second).SessionID {
		t.Error("two logins share something")
	}
}

func TestLogin_ANetworkStaysTheAccountsForNinetyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) {
		s.Budgets.LoginOfAccount = domain.Budget{Burst: 1, Interval: 365 * 24 * time.Hour}
	})
	w.verified("ada@example.com")
	login := func(password, ip string) error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Client: from(ip)})
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
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Client: from(ip)})
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
	reset := application.ResetPassword{Email: "ada@example.com", Code: w.mails.last().Digits.Reveal(), NewPassword: newPassword, Client: from("192.0.2.1")}
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
