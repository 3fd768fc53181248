package domain

import "testing"

func TestParseLocale_TakesLanguagesWithAndWithoutARegion(t *testing.T) {
	t.Parallel()
	for text, language := range map[string]Locale{"en": "en", "kab": "kab", "pt-BR": "pt", "es-419": "es"} {
		if l, err := ParseLocale(text); err != nil || string(l) != text || l.Language() != language {
			t.Errorf("%q is %q of the language %q, %v", text, l, l.Language(), err)
		}
	}
	for _, text := range []string{"", "e", "EN", "en-", "en-us", "en_US", "en-USA", "english", "zh-Hant", "../en", "en\n", "ёё"} {
		if l, err := ParseLocale(text); err == nil {
			t.Errorf("%q is %q", text, l)
		}
	}
}
