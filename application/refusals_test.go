package application_test

import (
	"errors"
	"fmt"
	"testing"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// What is refused again and again must not keep the one that writes busy, nor leave dead rows.
func TestThrottles_ARefusalBeginsNoTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := from("198.51.100.1")
	for name, ask := range map[string]func(email string) error{
		"sign up": func(email string) error {
			_, err := w.SignUp(w.ctx, application.SignUp{Email: email, Password: password, Source: source})
			return err
		},
		"log in": func(email string) error {
			_, err := w.Login(w.ctx, application.Login{Email: email, Password: "wrong password", Source: source})
			return err
		},
		"verify": func(email string) error {
			return w.Verify(w.ctx, application.Verify{Email: email, Code: "000000", Source: source})
		},
		"reset a password": func(email string) error {
			return w.ResetPassword(w.ctx, application.ResetPassword{Email: email, Code: "000000", NewPassword: newPassword, Source: source})
		},
		"forgot": func(email string) error { return w.ForgotPassword(w.ctx, email, source) },
		"resend": func(email string) error {
			return w.Resend(w.ctx, application.Resend{Email: email, Source: source})
		},
	} {
		for i := 0; !errors.Is(ask(fmt.Sprintf("u%d@example.com", i)), domain.Throttled(0)); i++ {
			if i == 200 {
				t.Fatalf("%s is never refused", name)
			}
		}
		before := w.memory.Calls()["InTx"]
		if err := ask("another@example.com"); !errors.Is(err, domain.Throttled(0)) {
			t.Errorf("%s: %v", name, err)
		}
		if n := w.memory.Calls()["InTx"] - before; n != 0 {
			t.Errorf("%s: %d transactions", name, n)
		}
	}
}
