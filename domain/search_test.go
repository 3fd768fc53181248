package domain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"coffeeshop/domain"
)

func TestSearchKey_IsTheSameForWhatPeopleTakeForTheSame(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"ada", "ADA", "Ada", "ＡＤＡ"},
		{"алиса", "АЛИСА"},
		{"ångström", "A\u030angstro\u0308m", "ÅNGSTRÖM", "Ångström"},
		{"strasse", "Straße", "STRASSE"},
		{"σίσυφος", "ΣΊΣΥΦΟΣ"},
		{"fi", "ﬁ"},
		{"ꮠꮣꭰ", "ᏐᏓᎠ"},
	} {
		for _, text := range same {
			if got, want := domain.SearchKey(text), domain.SearchKey(same[0]); got != want {
				t.Errorf("the key of %q is %q, that of %q is %q", text, got, same[0], want)
			}
		}
	}
	if domain.SearchKey("ada") == domain.SearchKey("аda") {
		t.Error("a Cyrillic letter is a Latin one")
	}
}

func TestSearchKey_OfEveryLetterIsItsOwnKey(t *testing.T) {
	t.Parallel()
	for r := rune(' '); r <= unicode.MaxRune; r++ {
		key := domain.SearchKey(string(r))
		if again := domain.SearchKey(key); again != key {
			t.Errorf("the key of %U is %q, whose key is %q", r, key, again)
		}
	}
}

func FuzzPrefix(f *testing.F) {
	for _, pair := range [][2]string{{"ad", "Ada"}, {"\U0010ffff\U0010ffff", "\U0010ffff\U0010ffffa"}, {"a\ud7ff", "a\ud7ffb"}, {"яя", "яяя"}, {"a\u0301", "á"}, {"ÅN", "ång"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		if !utf8.ValidString(other) {
			return
		}
		key := domain.SearchKey(other)
		if again := domain.SearchKey(key); again != key {
			t.Errorf("the key %q has the key %q", key, again)
		}
		p, err := domain.ParsePrefix(text)
		if err != nil {
			return
		}
		end := p.End()
		if !utf8.ValidString(p.Key()) || !utf8.ValidString(end) || strings.ContainsRune(end, 0) || end <= p.Key() {
			t.Fatalf("%q ends at %q", p.Key(), end)
		}
		for _, k := range []string{key, p.Key(), p.Key() + key} {
			if within := k >= p.Key() && k < end; within != p.Of(k) && len(k) <= 254 {
				t.Errorf("%q from %q to %q: %t", k, p.Key(), end, within)
			}
		}
	})
}
