package application_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

const newPassword = "battery staple horse"

func TestResetPassword_WithTheMailedCodeEndsEverySessionAndTellsTheOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, "ADA@example.com", domain.Client{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	reset := application.ResetPassword{Email: "ada@example.com", Code: w.mails.last().Digits.Reveal(), NewPassword: newPassword}
	if err := w.ResetPassword(w.ctx, reset); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if err := w.ResetPassword(w.ctx, reset); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("the code worked twice: %v", err)
	}
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Client{}); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("an old session: %v", err)
	}
	if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password}); !errors.Is(err, domain.ErrInvalidCredentials) {
		t.Errorf("the old password: %v", err)
	}
	if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: newPassword}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticePasswordReset}) || w.user(u.ID).ID != u.ID {
		t.Errorf("mailed %v", w.mails.kinds())
	}
}

func TestResetPassword_ProvesTheAddressOfASignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.signUpFrom("198.51.100.1", "ada@example.com")
	newest := w.signUpFrom("192.0.2.1", "ada@example.com")
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Client{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	w.signUpFrom("203.0.113.1", "ada@example.com") // after the code was asked for
	if err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: w.mails.last().Long.Reveal(), NewPassword: newPassword}); err != nil {
		t.Fatal(err)
	}
	if u := w.user(newest.ID); !u.Verified() {
		t.Error("the account is not verified")
	}
	if _, err := w.store.Users().ByID(w.ctx, other.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the other sign-up: %v", err)
	}
}

func TestCodes_AreGoodForTheirOwnPurposeOnlyAndDieWithThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("ada@example.com")
	w.deliver()
	verify := w.mails.last().Long.Reveal()
	if err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: verify, NewPassword: newPassword}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("a sign-up's code resets: %v", err)
	}
	if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: verify}); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Client{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	reset := w.mails.last().Long.Reveal()
	if err := w.ChangePassword(w.ctx, w.principal(w.login("ada@example.com")), password, newPassword, domain.Client{}); err != nil {
		t.Fatal(err)
	}
	if err := w.ResetPassword(w.ctx, application.ResetPassword{Email: "ada@example.com", Code: reset, NewPassword: "yet another one"}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("a code outlived the password: %v", err)
	}
}

func TestChangePassword_TakesThePresentOneAndEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	here, elsewhere := w.login("ada@example.com"), w.login("ada@example.com")
	p := w.principal(here)
	if err := w.ChangePassword(w.ctx, p, "wrong password", newPassword, domain.Client{}); !errors.Is(err, domain.ErrWrongPassword) {
		t.Fatal(err)
	}
	if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Client{}); err != nil {
		t.Fatal(err)
	}
	w.principal(here)
	if _, err := w.Authenticate(w.ctx, elsewhere.Access.Reveal(), domain.Client{}); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the other session: %v", err)
	}
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticePasswordChanged}) {
		t.Errorf("mailed %v", w.mails.kinds())
	}
	if err := w.ChangePassword(w.ctx, p, password, "yet another one", domain.Client{}); !errors.Is(err, domain.ErrWrongPassword) {
		t.Errorf("a request that began before the change: %v", err)
	}
}

func TestChangeEmail_HoldsOnceTheNewAddressIsProved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	email := "Lovelace@example.com"
	changed, err := w.UpdateUser(w.ctx, w.principal(pair), application.UpdateUser{ID: u.ID, Email: &email, CurrentPassword: password})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Email != u.Email || changed.PendingEmail.Address != email {
		t.Fatalf("changed to %+v", changed)
	}
	w.deliver()
	if to := w.mails.challenges[len(w.mails.challenges)-1].Email.Address; to != email {
		t.Fatalf("the code went to %s", to)
	}
	if _, err := w.ConfirmEmail(w.ctx, w.principal(pair), "000000", domain.Client{}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("a wrong code: %v", err)
	}
	code := w.mails.last().Digits.Reveal()
	confirmed, err := w.ConfirmEmail(w.ctx, w.principal(pair), code, domain.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if confirmed.Email.Address != email || !confirmed.PendingEmail.IsZero() || w.user(u.ID) != confirmed {
		t.Errorf("confirmed as %+v", confirmed)
	}
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticeEmailRequested, domain.NoticeEmailChanged}) {
		t.Errorf("mailed %v", w.mails.kinds())
	}
	for _, n := range w.mails.notices {
		if n.Email != u.Email {
			t.Errorf("%s went to %s", n.Kind, n.Email.Address)
		}
	}
	if _, err := w.ConfirmEmail(w.ctx, w.principal(pair), code, domain.Client{}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("the code worked twice: %v", err)
	}
	w.login(email)
}

func TestChangeEmail_ToATakenAddressLooksTheSameAndTellsItsOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.verified("bob@example.com")
	ada := w.verified("ada@example.com")
	p := w.principal(w.login("ada@example.com"))
	mails := w.mails.mailed()
	for range 2 {
		w.clock.advance(10 * time.Minute)
		changed, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: ada.ID, Email: &bob.Email.Address, CurrentPassword: password})
		if err != nil || changed.PendingEmail.Key != bob.Email.Key {
			t.Fatalf("%+v, %v", changed, err)
		}
		w.deliver()
		w.deliver()
	}
	if w.mails.mailed() != mails {
		t.Error("a code was mailed")
	}
	told := 0
	for _, n := range w.mails.notices {
		if n.Kind == domain.NoticeAddressRequested && n.Email == bob.Email {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the owner was told %d times in an hour", told)
	}
}

func TestDeleteOwnAccount_LeavesAuditRowsThatSayNothingOfWhereItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin("boss@example.com")
	u := w.verified("ada@example.com")
	client := domain.Client{IP: "203.0.113.7", UserAgent: "curl", RequestID: "r"}
	pair, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	p := w.principal(pair)
	if err := w.DeleteOwnAccount(w.ctx, p, "wrong password", client); !errors.Is(err, domain.ErrWrongPassword) {
		t.Fatal(err)
	}
	if err := w.DeleteOwnAccount(w.ctx, p, password, client); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Users().ByID(w.ctx, u.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the user: %v", err)
	}
	rows := 0
	for _, e := range w.memory.AuditEvents() {
		if e.Subject != u.ID {
			continue
		}
		rows++
		if e.Client.IP != "" || e.Client.UserAgent != "" || len(e.Details) != 0 {
			t.Errorf("%s still says %+v", e.Action, e)
		}
	}
	if rows < 4 {
		t.Errorf("only %d audit rows are left", rows)
	}
	w.deliver()
	if kinds := w.mails.kinds(); kinds[len(kinds)-1] != domain.NoticeAccountDeleted {
		t.Errorf("mailed %v", kinds)
	}
}

func TestDeleteOwnAccount_TheLastAdminStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.admin("boss@example.com")
	if err := w.DeleteOwnAccount(w.ctx, p, password, domain.Client{}); !errors.Is(err, domain.ErrLastAdmin) {
		t.Error(err)
	}
}

func TestSignUp_WithATakenAddressTellsItsOwnerOnceAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	for i := range 3 {
		w.clock.advance(10 * time.Minute)
		w.signUpFrom(fmt.Sprintf("192.0.2.%d", i), "ada@example.com")
		w.deliver()
		w.deliver()
	}
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticeSignUpAttempted}) {
		t.Errorf("mailed %v", w.mails.kinds())
	}
}

func TestSignUp_RevealsDuplicatesOnlyWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) { s.RevealDuplicates = true })
	w.verified("ada@example.com")
	if _, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: password}); !errors.Is(err, domain.ErrEmailTaken) {
		t.Error(err)
	}
}

func TestPasswords_ThatAnybodyWouldTryFirstAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) { s.RateLimits = false })
	for text, want := range map[string]error{
		"iloveyou":            domain.ErrPasswordCommon,
		"!!ILoveYou!!":        domain.ErrPasswordCommon,
		"PASSWORD1":           domain.ErrPasswordCommon,
		"Coffee-Shop 2026!":   domain.ErrPasswordProduct,
		"coffee shop api 1":   domain.ErrPasswordProduct,
		"lovelace@host.test":  domain.ErrPasswordPersonal,
		"Lovelace1815":        domain.ErrPasswordPersonal,
		"AugustaKing!":        domain.ErrPasswordPersonal,
		"king augusta 1":      domain.ErrPasswordPersonal,
		"coffee shop at noon": nil,
		"lovelace is mine":    nil,
		"        ":            nil,
		"正しい馬の電池ステープル":        nil,
	} {
		_, err := w.SignUp(w.ctx, application.SignUp{Email: "lovelace@host.test", Password: text, FirstName: "Augusta", LastName: "King"})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestLogin_AfterManyFailuresTellsTheOwnerOnceADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	for range 2 {
		for range domain.SuspiciousFailures {
			if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: "wrong password"}); !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Fatal(err)
			}
		}
		w.login("ada@example.com")
		w.login("ada@example.com")
		w.clock.advance(time.Hour)
	}
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticeSuspiciousLogin}) || w.audited(domain.ActionLoginSuspicious) != 2 {
		t.Errorf("mailed %v, recorded %d", w.mails.kinds(), w.audited(domain.ActionLoginSuspicious))
	}
}

func TestLogin_StrangersFailuresDoNotCloseTheOwnersWayIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	home := domain.Client{IP: "2001:db8:1:2::3"}
	login := func(password string, c domain.Client) error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Client: c})
		return err
	}
	if err := login(password, home); err != nil {
		t.Fatal(err)
	}
	throttled := 0
	for i := range 300 {
		if errors.Is(login("wrong password", domain.Client{IP: "198.51.100." + string(rune('0'+i%10))}), domain.Throttled(0)) {
			throttled++
		}
	}
	if throttled != 200 { // ten networks of ten each, and a hundred for the account
		t.Errorf("%d of 300 guesses were refused", throttled)
	}
	if err := login(password, domain.Client{IP: "198.51.100.77"}); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("a network where the account never was: %v", err)
	}
	if err := login(password, domain.Client{IP: "2001:db8:1:2:ffff::1"}); err != nil {
		t.Errorf("the owner at home: %v", err)
	}
}

// Whoever asks must not be able to tell from the work done whether an address has an account.
func TestWork_IsTheSameWhetherAnAddressExistsOrNot(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(w *world, address string) error{
		"sign-up": func(w *world, address string) error {
			_, err := w.SignUp(w.ctx, application.SignUp{Email: address, Password: password})
			return err
		},
		"login": func(w *world, address string) error {
			_, err := w.Login(w.ctx, application.Login{Email: address, Password: "wrong password"})
			return err
		},
		"verify": func(w *world, address string) error {
			return w.Verify(w.ctx, application.Verify{Email: address, Code: "000000"})
		},
		"resend": func(w *world, address string) error { return w.Resend(w.ctx, application.Resend{Email: address}) },
		"forgot": func(w *world, address string) error { return w.ForgotPassword(w.ctx, address, domain.Client{}) },
		"reset": func(w *world, address string) error {
			return w.ResetPassword(w.ctx, application.ResetPassword{Email: address, Code: "000000", NewPassword: newPassword})
		},
	} {
		w := newWorld(t)
		w.verified("verified@example.com")
		w.signUp("waiting@example.com")
		w.deliver()
		var first work
		for i, address := range []string{"verified@example.com", "waiting@example.com", "nobody@example.com"} {
			w.clock.advance(time.Hour)
			before := w.work()
			err := call(w, address)
			done := w.work().since(before)
			done.answer = ""
			if err != nil {
				done.answer = err.Error()
			}
			if i == 0 {
				first = done
			} else if done.String() != first.String() {
				t.Errorf("%s of %s:\n%s\nbut of a verified address:\n%s", name, address, done, first)
			}
		}
	}
}
