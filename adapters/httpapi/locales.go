package httpapi

import (
	"slices"

	"golang.org/x/text/language"

	"coffeeshop/domain"
)

// defaultFirst puts English, which always has mails, before the other locales: a matcher's first language is its default.
func defaultFirst(locales []domain.Locale) []domain.Locale {
	others := slices.DeleteFunc(slices.Clone(locales), func(l domain.Locale) bool { return l == domain.LocaleEnglish })
	return append([]domain.Locale{domain.LocaleEnglish}, others...)
}

func matcher(locales []domain.Locale) language.Matcher {
	tags := make([]language.Tag, len(locales))
	for i, l := range locales {
		tags[i] = language.Make(string(l))
	}
	return language.NewMatcher(tags)
}

// localeOf picks the language of mails from an Accept-Language header.
func (a *API) localeOf(acceptLanguage string) domain.Locale {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return a.cfg.Locales[0]
	}
	_, index, _ := a.languages.Match(wanted...)
	return a.cfg.Locales[index]
}
