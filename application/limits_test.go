package application_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// limited is a world where every budget but one is plenty, and that one is of two a day.
func limited(t *testing.T, pick func(b *domain.Budgets) *domain.Budget) *world {
	t.Helper()
	return newWorld(t, func(s *application.Settings) {
		plenty := domain.Budget{Burst: 1_000_000, Interval: time.Millisecond}
		s.Budgets = domain.Budgets{
			LoginOfAccountFromNetwork: plenty, LoginFromNetwork: plenty, LoginOfAccount: plenty, SuccessfulLogins: plenty, CodesOfAddress: plenty,
			CodesFromNetwork: plenty, MailsToAddress: plenty, MailsFromNetwork: plenty, SignUpsFromNetwork: plenty,
		}
		*pick(&s.Budgets) = domain.Budget{Burst: 2, Interval: 12 * time.Hour}
	})
}

// The table of docs/security.md: what each budget counts, and whether others share it.
func TestBudgets_CountWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	login := func(password string) func(w *world, email string, c domain.Source) error {
		return func(w *world, email string, c domain.Source) error {
			_, err := w.Login(w.ctx, application.Login{Email: email, Password: password, Source: c})
			return err
		}
	}
	signUp := func(w *world, email string, c domain.Source) error {
		_, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, Locale: domain.LocaleEnglish, Source: c})
		return err
	}
	type call = func(w *world, email string, c domain.Source) error
	forgot := func(w *world, email string, c domain.Source) error { return w.ForgotPassword(w.ctx, email, c) }
	resend := func(w *world, email string, c domain.Source) error {
		return w.Resend(w.ctx, application.Resend{Email: email, Source: c})
	}
	// mailed tells a refusal that its caller is not told: nothing is mailed.
	mailed := func(do call) call {
		return func(w *world, email string, c domain.Source) error {
			jobs := len(w.memory.EnqueuedJobs())
			if err := do(w, email, c); err != nil {
				return errors.New("answered " + err.Error())
			}
			if len(w.memory.EnqueuedJobs()) == jobs {
				return domain.Throttled(0)
			}
			return nil
		}
	}
	verify := func(w *world, email string, c domain.Source) error {
		return w.Verify(w.ctx, application.Verify{Email: email, Code: "000000", Source: c})
	}
	reset := func(w *world, email string, c domain.Source) error {
		return w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: "000000", NewPassword: newPassword, Source: c})
	}
	for name, c := range map[string]struct {
		pick                 func(b *domain.Budgets) *domain.Budget
		first, second, third call
		byAccount, byNetwork bool
	}{
		"LIMIT_LOGIN_ACCOUNT_NETWORK": {func(b *domain.Budgets) *domain.Budget { return &b.LoginOfAccountFromNetwork },
			login("wrong"), login("wrong"), login(password), true, true},
		"LIMIT_LOGIN_NETWORK":            {func(b *domain.Budgets) *domain.Budget { return &b.LoginFromNetwork }, login("wrong"), login("wrong"), login(password), false, true},
		"LIMIT_LOGIN_ACCOUNT":            {func(b *domain.Budgets) *domain.Budget { return &b.LoginOfAccount }, login("wrong"), login("wrong"), login(password), true, false},
		"LIMIT_SUCCESSFUL_LOGINS":        {func(b *domain.Budgets) *domain.Budget { return &b.SuccessfulLogins }, login(password), login(password), login("wrong"), true, true},
		"LIMIT_CODES_ADDRESS":            {func(b *domain.Budgets) *domain.Budget { return &b.CodesOfAddress }, verify, reset, verify, true, false},
		"LIMIT_CODES_NETWORK":            {func(b *domain.Budgets) *domain.Budget { return &b.CodesFromNetwork }, reset, verify, reset, false, true},
		"LIMIT_MAILS_ADDRESS, to reset":  {func(b *domain.Budgets) *domain.Budget { return &b.MailsToAddress }, mailed(forgot), mailed(forgot), mailed(forgot), true, false},
		"LIMIT_MAILS_ADDRESS, to verify": {func(b *domain.Budgets) *domain.Budget { return &b.MailsToAddress }, signUp, mailed(resend), signUp, true, false},
		"LIMIT_MAILS_NETWORK":            {func(b *domain.Budgets) *domain.Budget { return &b.MailsFromNetwork }, forgot, resend, forgot, false, true},
		"LIMIT_SIGNUPS_NETWORK":          {func(b *domain.Budgets) *domain.Budget { return &b.SignUpsFromNetwork }, signUp, signUp, signUp, false, true},
	} {
		w := limited(t, c.pick)
		emails := []string{"ada@example.com", "bob@example.com"}
		for _, email := range emails {
			w.verified(email)
		}
		w.clock.advance(24 * time.Hour)
		refused := func(do call, account, network int) bool {
			t.Helper()
			w.clock.advance(time.Minute)
			emails[account] = swapCase(emails[account])
			err := do(w, emails[account], from(fmt.Sprintf("192.0.2.%d", network)))
			if err != nil && !errors.Is(err, domain.Throttled(0)) && !errors.Is(err, domain.ErrInvalidCredentials) && !errors.Is(err, domain.ErrInvalidCode) {
				t.Fatalf("%s: %v", name, err)
			}
			return errors.Is(err, domain.Throttled(0))
		}
		if refused(c.first, 0, 0) || refused(c.second, 0, 0) || !refused(c.third, 0, 0) {
			t.Errorf("%s: not two were let through", name)
		}
		if got := refused(c.third, 1, 0); got == c.byAccount {
			t.Errorf("%s: another account was refused: %v", name, got)
		}
		if got := refused(c.third, 0, 1); got == c.byNetwork {
			t.Errorf("%s: another network was refused: %v", name, got)
		}
		if refused(c.first, 1, 1) {
			t.Errorf("%s: another account and network was refused", name)
		}
		w.clock.advance(12 * time.Hour)
		if refused(c.first, 0, 0) || !refused(c.third, 0, 0) {
			t.Errorf("%s: half a day later not one was let through", name)
		}
	}
}

// swapCase is another way to write the same address.
func swapCase(email string) string {
	if upper := strings.ToUpper(email); upper != email {
		return upper
	}
	return strings.ToLower(email)
}

func TestLogin_OnlyWhatTurnsOutRightIsNoFailure(t *testing.T) {
	t.Parallel()
	w := limited(t, func(b *domain.Budgets) *domain.Budget { return &b.LoginOfAccountFromNetwork })
	boss := w.admin("boss@example.com")
	w.verified("ada@example.com")
	if _, err := w.BlockUser(w.ctx, boss, application.BlockUser{ID: w.verified("blocked@example.com").ID}); err != nil {
		t.Fatal(err)
	}
	w.signUp("waiting@example.com")
	login := func(email, password string) error {
		_, err := w.Login(w.ctx, application.Login{Email: email, Password: password})
		return err
	}
	for range 5 {
		if err := login("ada@example.com", password); err != nil {
			t.Fatal(err)
		}
	}
	for email, want := range map[string]error{"blocked@example.com": domain.ErrAccountBlocked, "waiting@example.com": domain.ErrAccountUnverified} {
		for i := range 3 {
			if i == 2 {
				want = domain.Throttled(0)
			}
			if err := login(email, password); !errors.Is(err, want) {
				t.Errorf("%s, login %d: %v, want %v", email, i, err, want)
			}
		}
	}
}

func TestLogin_AGuessIsTakenBeforeItIsCompared(t *testing.T) {
	t.Parallel()
	w := limited(t, func(b *domain.Budgets) *domain.Budget { return &b.LoginOfAccountFromNetwork })
	w.verified("ada@example.com")
	guess := func() error {
		_, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: "wrong password"})
		return err
	}
	if err := guess(); !errors.Is(err, domain.ErrInvalidCredentials) {
		t.Fatal(err)
	}
	w.stops.beforeHash(0, func() {
		if err := guess(); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("the third, while the second is compared: %v", err)
		}
	})
	if err := guess(); !errors.Is(err, domain.ErrInvalidCredentials) {
		t.Errorf("the second: %v", err)
	}
}

func TestLogin_WhatIsRefusedTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) {
		s.Budgets.LoginFromNetwork = domain.Budget{Burst: 5, Interval: 24 * time.Hour}
		s.Budgets.LoginOfAccount = domain.Budget{Burst: 2, Interval: 24 * time.Hour}
	})
	for i := range 10 {
		want := error(domain.ErrInvalidCredentials)
		if i >= 2 {
			want = domain.Throttled(0)
		}
		if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: "wrong password"}); !errors.Is(err, want) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	for i := range 3 {
		if _, err := w.Login(w.ctx, application.Login{Email: fmt.Sprintf("u%d@example.com", i), Password: "wrong password"}); !errors.Is(err, domain.ErrInvalidCredentials) {
			t.Errorf("another account: %v", err)
		}
	}
}
