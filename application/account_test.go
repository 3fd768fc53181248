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
	if err := w.ForgotPassword(w.ctx, "ADA@example.com", domain.Source{}); err != nil {
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
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
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
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Source{}); err != nil {
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
	if err := w.ForgotPassword(w.ctx, "ada@example.com", domain.Source{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	reset := w.mails.last().Long.Reveal()
	if err := w.ChangePassword(w.ctx, w.principal(w.login("ada@example.com")), password, newPassword, domain.Source{}); err != nil {
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
	if err := w.ChangePassword(w.ctx, p, "wrong password", newPassword, domain.Source{}); !errors.Is(err, domain.ErrWrongPassword) {
		t.Fatal(err)
	}
	if err := w.ChangePassword(w.ctx, p, password, newPassword, domain.Source{}); err != nil {
		t.Fatal(err)
	}
	w.principal(here)
	if _, err := w.Authenticate(w.ctx, elsewhere.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the other session: %v", err)
	}
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticePasswordChanged}) {
		t.Errorf("mailed %v", w.mails.kinds())
	}
	if err := w.ChangePassword(w.ctx, p, password, "yet another one", domain.Source{}); !errors.Is(err, domain.ErrWrongPassword) {
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
	if _, err := w.ConfirmEmail(w.ctx, w.principal(pair), "000000", domain.Source{}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("a wrong code: %v", err)
	}
	code := w.mails.last().Digits.Reveal()
	confirmed, err := w.ConfirmEmail(w.ctx, w.principal(pair), code, domain.Source{})
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
	if _, err := w.ConfirmEmail(w.ctx, w.principal(pair), code, domain.Source{}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Errorf("the code worked twice: %v", err)
	}
	w.login(email)
}

func TestChangeEmail_ToAnotherSpellingTellsTheOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	email := "Ada@example.com"
	changed, err := w.UpdateUser(w.ctx, w.principal(w.login("ada@example.com")), application.UpdateUser{ID: u.ID, Email: &email, CurrentPassword: password})
	if err != nil || changed.Email.Address != email {
		t.Fatalf("%+v, %v", changed, err)
	}
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticeEmailChanged}) || w.mails.notices[0].Email != u.Email {
		t.Errorf("mailed %+v", w.mails.notices)
	}
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
	source := domain.Source{IP: "203.0.113.7", UserAgent: "curl", RequestID: "r"}
	pair, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	p := w.principal(pair)
	if err := w.DeleteOwnAccount(w.ctx, p, "wrong password", nil, source); !errors.Is(err, domain.ErrWrongPassword) {
		t.Fatal(err)
	}
	if err := w.DeleteOwnAccount(w.ctx, p, password, nil, source); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Users().ByID(w.ctx, u.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the user: %v", err)
	}
	rows := 0
	for _, e := range w.events() {
		if e.Subject != u.ID {
			continue
		}
		rows++
		if e.Source.IP != "" || e.Source.UserAgent != "" || len(e.Details) != 0 {
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
	if err := w.DeleteOwnAccount(w.ctx, p, password, nil, domain.Source{}); !errors.Is(err, domain.ErrLastAdmin) {
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

func TestLogin_AfterFiveFailuresTellsTheOwnerOnceADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := 0
	// loginAfter has strangers fail, each in a network of its own, and then the owner log in twice.
	loginAfter := func(email string, failures int) {
		t.Helper()
		for range failures {
			stranger++
			_, err := w.Login(w.ctx, application.Login{Email: email, Password: "wrong password", Source: from(fmt.Sprintf("198.51.100.%d", stranger))})
			if !errors.Is(err, domain.ErrInvalidCredentials) {
				t.Fatal(err)
			}
		}
		w.login(email)
		w.login(email)
		w.deliver()
	}
	known := map[string]bool{}
	for _, c := range []struct {
		after    time.Duration
		email    string
		failures int
		told     int
	}{
		{0, "ada@example.com", 4, 0},
		{0, "ada@example.com", 1, 0}, // the login between began the count anew
		{0, "ada@example.com", 5, 1},
		{0, "bob@example.com", 5, 1},
		{24*time.Hour - time.Second, "ada@example.com", 5, 1},
		{time.Second, "ada@example.com", 5, 2},
	} {
		if !known[c.email] {
			w.verified(c.email)
			known[c.email] = true
		}
		w.clock.advance(c.after)
		loginAfter(c.email, c.failures)
		notices := 0
		for _, n := range w.mails.notices {
			if n.Kind == domain.NoticeSuspiciousLogin && n.Email.Address == c.email {
				notices++
			}
		}
		if notices != c.told {
			t.Errorf("%v later, after %d failures: %s was told %d times, want %d", c.after, c.failures, c.email, notices, c.told)
		}
	}
	if n := w.audited(domain.ActionLoginSuspicious); n != 4 {
		t.Errorf("recorded %d", n)
	}
}

func TestLogin_StrangersFailuresDoNotCloseTheOwnersWayIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	home := domain.Source{IP: "2001:db8:1:2::3"}
	login := func(password string, c domain.Source) error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: c})
		return err
	}
	if err := login(password, home); err != nil {
		t.Fatal(err)
	}
	throttled := 0
	for i := range 300 {
		if errors.Is(login("wrong password", domain.Source{IP: "198.51.100." + string(rune('0'+i%10))}), domain.Throttled(0)) {
			throttled++
		}
	}
	if throttled != 200 { // ten networks of ten each, and a hundred for the account
		t.Errorf("%d of 300 guesses were refused", throttled)
	}
	if err := login(password, domain.Source{IP: "198.51.100.77"}); !errors.Is(err, domain.Throttled(0)) {
		t.Errorf("a network where the account never was: %v", err)
	}
	if err := login(password, domain.Source{IP: "2001:db8:1:2:ffff::1"}); err != nil {
		t.Errorf("the owner at home: %v", err)
	}
	for i := range 11 { // who is at home has no more guesses than others
		want := error(domain.ErrInvalidCredentials)
		if i == 10 {
			want = domain.Throttled(0)
		}
		if err := login("wrong password", home); !errors.Is(err, want) {
			t.Errorf("guess %d at home: %v, want %v", i, err, want)
		}
	}
}

func TestChangeEmail_OneAccountLeavesMailsOfTheAddressToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("mallory@example.com")
	w.verified("ada@example.com")
	mallory, ada := w.principal(w.login("mallory@example.com")), w.principal(w.login("ada@example.com"))
	next := "next@example.com"
	ask := func(p domain.Principal) (mails int) {
		before := w.mails.mailed()
		if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Email: &next, CurrentPassword: password}); err != nil {
			t.Fatal(err)
		}
		w.deliver()
		return w.mails.mailed() - before
	}
	taken := 0
	for range 10 {
		taken += ask(mallory)
		w.clock.advance(time.Minute)
	}
	if taken != 3 {
		t.Errorf("one account had %d mails", taken)
	}
	if ask(mallory)+ask(mallory) > 0 || ask(ada) != 1 {
		t.Error("another account had none at once")
	}
	if ask(ada) != 0 {
		t.Error("a second mail within the minute")
	}
}
