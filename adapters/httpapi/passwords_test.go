package httpapi_test

import (
	"strings"
	"testing"
)

// What was set at a sign-up, a change or a reset is what a login takes, to the letter, whatever it consists of.
func TestPasswords_OfAnyKindAreComparedExactlyAsTheyWereSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		right string
		wrong []string
	}{
		"letters and spaces": {" Correct Horse ", []string{"Correct Horse", " Correct Horse", "Correct Horse ", " correct horse ", " CORRECT HORSE ", " Correct  Horse "}},
		"composed":           {"ca\u00fe und caf\u00e9", []string{"ca\u00fe und cafe\u0301", "ca\u00fe und cafe"}},
		"decomposed":         {"kein cafe\u0301", []string{"kein caf\u00e9", "kein cafe"}},
		"digits":             {"8316402957", []string{"831640295", "83164029570"}},
		"punctuation":        {"&lt;+%20\\n'\"", []string{"<+%20\\n'\"", "&lt; %20\\n'\"", "&lt;+ \\n'\""}},
		"no Latin":           {"正しい馬の電池ステープル", []string{"正しい馬の電池ステープ"}},
		"64 characters":      {strings.Repeat("Ёлка ", 12) + "Мира", []string{strings.Repeat("Ёлка ", 12) + "Мир", strings.Repeat("ёлка ", 12) + "мира"}},
		"1,024 bytes":        {strings.Repeat("0123456789aBcdef", 64), []string{strings.Repeat("0123456789aBcdef", 64)[:1023], strings.Repeat("0123456789aBcdef", 64)[:72]}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			email := "ada@host.test"
			isSet := func(by string) {
				t.Helper()
				for _, wrong := range c.wrong {
					w.post("/auth/login", object("email", email, "password", wrong)).want(t, 401, "invalid_credentials")
				}
				if a := w.post("/auth/login", object("email", email, "password", c.right)); a.status != 200 {
					t.Errorf("after the %s: %s", by, a.body)
				}
			}
			w.post("/auth/signup", object("email", email, "password", c.right)).want(t, 201, "")
			w.deliver()
			w.post("/auth/verify", object("email", email, "code", w.mails.code())).want(t, 200, "")
			isSet("sign-up")
			token := w.login(email, c.right).AccessToken
			change := func(current, next string) answer {
				return w.as(token, "PUT", "/users/me/password", object("current_password", current, "new_password", next))
			}
			change(c.wrong[0], password).want(t, 403, "wrong_password")
			change(c.right, password).want(t, 204, "")
			change(password, c.right).want(t, 204, "")
			isSet("change")
			w.post("/auth/forgot-password", object("email", email)).want(t, 202, "")
			w.deliver()
			w.post("/auth/reset-password", object("email", email, "code", w.mails.code(), "new_password", c.right)).want(t, 200, "")
			isSet("reset")
		})
	}
}
