package domain

import "strings"

// Locale is a language that mails are written in, as BCP 47 writes it: "en", "pt-BR". Which ones have mails is the
// mailer's knowledge; another one gets those of its language, or English.
type Locale string

// The locales whose mails the service brings along.
const (
	LocaleEnglish Locale = "en"
	LocaleRussian Locale = "ru"
)

// ParseLocale checks the form of a locale: a language of two or three letters, and a region of two letters or three digits
// if there is one.
func ParseLocale(text string) (Locale, error) {
	const lower, upper, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	language, region, hasRegion := strings.Cut(text, "-")
	ok := (len(language) == 2 || len(language) == 3) && strings.Trim(language, lower) == ""
	if hasRegion {
		ok = ok && (len(region) == 2 && strings.Trim(region, upper) == "" || len(region) == 3 && strings.Trim(region, digits) == "")
	}
	if !ok {
		return "", Invalid("locale", "must be a language such as en, or with a region pt-BR")
	}
	return Locale(text), nil
}

// Language is the locale without its region.
func (l Locale) Language() Locale {
	language, _, _ := strings.Cut(string(l), "-")
	return Locale(language)
}
