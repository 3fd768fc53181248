package domain_test

import (
	"strings"
	"testing"

	"coffeeshop/domain"
)

func TestParseEmail_ComparesWithoutCaseAndKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]domain.Email{
		" Ada.Lovelace@Example.COM\t":  {Address: "Ada.Lovelace@Example.COM", Key: "ada.lovelace@example.com"},
		"a+tag@sub.example.org":        {Address: "a+tag@sub.example.org", Key: "a+tag@sub.example.org"},
		"ivan@Пример.рф":               {Address: "ivan@Пример.рф", Key: "ivan@xn--e1afmkfd.xn--p1ai"},
		"IVAN@XN--E1AFMKFD.xn--p1ai":   {Address: "IVAN@XN--E1AFMKFD.xn--p1ai", Key: "ivan@xn--e1afmkfd.xn--p1ai"},
		"o'brien!#$%&*+/=?^_`{|}~@a.b": {Address: "o'brien!#$%&*+/=?^_`{|}~@a.b", Key: "o'brien!#$%&*+/=?^_`{|}~@a.b"},
		"a@ＥＸＡＭＰＬＥ.com":                {Address: "a@ＥＸＡＭＰＬＥ.com", Key: "a@example.com"},
	} {
		if got, err := domain.ParseEmail(text); err != nil || got != want {
			t.Errorf("%q is %+v, %v", text, got, err)
		}
	}
}

func TestParseEmail_RefusesWhatNoMailWouldReachAndLookAlikes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "@", "a@", "@b.c", "a b@c.d", "a@b", "a@b..c", "a..b@c.d", ".a@b.c", "a.@b.c", "a@@b.c", "a@b.c.",
		"a@-b.c", "a@127.0.0.1", "a@[127.0.0.1]", `"a b"@c.d`, "a\r\nBcc: x@y.z@b.c", "a@b.c\r\nBcc: x@y.z", "a\x00@b.c",
		"а@b.c" /* a Cyrillic а */, "a<b>@c.d", strings.Repeat("a", 65) + "@b.c",
		"a@" + strings.Repeat("b.", 130) + "c", "a@" + strings.Repeat("b", 64) + ".c", "a@b\xff.c",
	} {
		if got, err := domain.ParseEmail(text); err == nil {
			t.Errorf("%q passes as %+v", text, got)
		}
	}
}

func TestEmail_ASCIIIsWhatEveryMailServerTakes(t *testing.T) {
	t.Parallel()
	e, err := domain.ParseEmail("Ivan@Пример.рф")
	if err != nil {
		t.Fatal(err)
	}
	if got := e.ASCII(); got != "Ivan@xn--e1afmkfd.xn--p1ai" {
		t.Error(got)
	}
}
