package httpapi

import (
	"golang.org/x/text/language"

	"coffeeshop/domain"
)

// locales are in the order of languages; the first is for who asks for none of them.
var (
	locales   = []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian}
	languages = language.NewMatcher([]language.Tag{language.English, language.Russian})
)

// localeOf picks the language of mails from an Accept-Language header.
func localeOf(acceptLanguage string) domain.Locale {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return locales[0]
	}
	_, index, _ := languages.Match(wanted...)
	return locales[index]
}
