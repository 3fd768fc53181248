package domain_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"coffeeshop/domain"
)

func TestSecret_IsRedactedHoweverItIsPrinted(t *testing.T) {
	t.Parallel()
	type wrapped struct {
		Password domain.Password
		Hash     domain.PasswordHash
		Code     domain.Code
	}
	w := wrapped{domain.PasswordToTry("hunter22"), domain.NewPasswordHash("hunter22"), domain.Code{Secret: domain.NewSecret("hunter22")}}
	asJSON, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "w", w, "p", w.Password)
	for _, shown := range []string{fmt.Sprint(w), fmt.Sprintf("%v %+v %#v %s %q", w, w, w, w.Password, w.Hash), string(asJSON), log.String()} {
		if strings.Contains(shown, "hunter22") {
			t.Errorf("shows %s", shown)
		}
	}
}

func TestNewPassword_HasLimitsOfLengthAndNoOtherRules(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"12345678":                 true,
		"        ":                 true,
		"восемь88":                 true,
		"1234567":                  false,
		"пароль7":                  false,
		strings.Repeat("x", 1024):  true,
		strings.Repeat("x", 1025):  false,
		"null\x00byte":             false,
		"line\nbreak":              false,
		"invalid\xff utf-8":        false,
		"🙂🙂🙂🙂🙂🙂🙂🙂":                 true,
		strings.Repeat("ы", 512):   true,
		strings.Repeat("ы", 512+1): false,
	} {
		if _, err := domain.NewPassword(text); (err == nil) != ok {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
