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
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		ended := func(pair application.TokenPair) {
			t.Helper()
			w.clock.advance(24 * time.Hour)
			if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenExpired) {
				t.Errorf("the refresh token of yesterday: %v", err)
			}
			if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Client{}); !errors.Is(err, domain.ErrTokenExpired) {
				t.Errorf("the access token of yesterday: %v", err)
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
	if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Client{}); err != nil {
		t.Fatal(err)
	}
	if w.principal(pair).SessionID != p.SessionID {
		t.Error("another session")
	}
	if _, err := w.refresh(pair); err != nil {
		t.Errorf("the refresh token: %v", err)
	}
}
