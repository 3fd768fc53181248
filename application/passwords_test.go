package application_test

import (
	"errors"
	"testing"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestPasswords_AreHeldAgainstTheRulesWhereverOneIsSet(t *testing.T) {
	t.Parallel()
	const email = "lovelace@host.test"
	w := newWorld(t, func(s *application.Settings) { s.RateLimits = false })
	w.signUp(email) // as Ada
	w.deliver()
	if err := w.Verify(w.ctx, application.Verify{Email: email, Code: w.mails.last().Digits.Reveal()}); err != nil {
		t.Fatal(err)
	}
	p := w.principal(w.login(email))
	if err := w.ForgotPassword(w.ctx, email, domain.Source{}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	code := w.mails.last().Digits.Reveal()
	before, hashes := w.user(p.User.ID), w.hasher.count
	ways := map[string]func(password string) error{
		"sign-up": func(password string) error {
			_, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, FirstName: "Ada", Locale: domain.LocaleEnglish})
			return err
		},
		"change": func(next string) error { return w.ChangePassword(w.ctx, p, password, next, domain.Source{}) },
		"reset": func(password string) error {
			return w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: code, NewPassword: password})
		},
		"first admin": func(password string) error {
			_, err := w.CreateAdmin(w.ctx, email, password, domain.LocaleEnglish)
			return err
		},
	}
	for way, set := range ways {
		for text, want := range map[string]string{
			"":                  "invalid_input",
			"seven77":           "invalid_input",
			"семь_77":           "invalid_input",
			"ILoveYou!":         "password_too_common",
			"Coffee-Shop 2026!": "password_is_product_name",
			"Lovelace1815":      "password_is_personal",
			"!!! Ada 1815":      "password_is_personal",
		} {
			if way == "first admin" && text == "!!! Ada 1815" { // who has no name
				continue
			}
			var e *domain.Error
			if err := set(text); !errors.As(err, &e) || e.Code != want {
				t.Errorf("%s, %q: %v, want %s", way, text, err, want)
			}
		}
	}
	if w.user(p.User.ID) != before || w.hasher.count > hashes+1 { // the change compares the present one for the name that only the database knows
		t.Errorf("changed to %+v, after %d hashes", w.user(p.User.ID), w.hasher.count-hashes)
	}
	for _, way := range []string{"sign-up", "reset"} {
		if err := ways[way](newPassword); err != nil {
			t.Errorf("%s: %v", way, err)
		}
	}
}
