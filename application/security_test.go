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
	if err := w.Logout(w.ctx, pair.Refresh.Reveal(), domain.Client{}); !errors.Is(err, domain.ErrTokenExpired) {
		t.Errorf("logging out with the refresh token of yesterday: %v", err)
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
