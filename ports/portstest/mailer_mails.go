package portstest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"coffeeshop/domain"
)

var mailTests = map[string]func(e *mailEnv){
	"every purpose and notice has its mail, in text and HTML, in every locale": func(e *mailEnv) {
		for _, l := range e.all() {
			for _, locale := range []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian} {
				m := e.arrives(l, locale)
				for part, text := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": m.HTML} {
					if russian := strings.ContainsFunc(text, isCyrillic); russian != (locale == domain.LocaleRussian) || text == "" {
						e.Errorf("%s: the %s is not written in %s: %q", l.name, part, locale, text)
					}
				}
				if !strings.Contains(m.HTML, "</") || strings.Contains(m.Text, "</") {
					e.Errorf("%s in %s: text %q, HTML %q", l.name, locale, m.Text, m.HTML)
				}
			}
		}
	},
	"the subject is encoded once": func(e *mailEnv) {
		for _, l := range e.all() {
			for _, locale := range []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian} {
				if m := e.arrives(l, locale); strings.Contains(m.Subject, "=?") || strings.ContainsRune(m.Subject, unicode.ReplacementChar) {
					e.Errorf("%s in %s: %q", l.name, locale, m.Subject)
				}
			}
		}
	},
	"a mail goes to its one address, as it is written": func(e *mailEnv) {
		for _, l := range e.all() {
			if m := e.arrives(l, domain.LocaleEnglish); !slices.Equal(m.Recipients, []string{reached}) {
				e.Errorf("%s: it went to %q, want %q", l.name, m.Recipients, reached)
			}
		}
	},
	"both codes, of an invitation the long one, stand in both parts and in no header": func(e *mailEnv) {
		for _, p := range domain.Purposes {
			for _, locale := range []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian} {
				m := e.arrives(e.challenge(p), locale)
				shown := []string{mailCodes.Digits.Reveal(), mailCodes.Long.Reveal()}
				if p == domain.PurposeInvitation {
					if strings.Contains(m.Text+m.HTML, shown[0]) {
						e.Errorf("an invitation shows digits:\n%s\n%s", m.Text, m.HTML)
					}
					shown = shown[1:]
				}
				for _, code := range shown {
					if !strings.Contains(m.Text, code) || !strings.Contains(m.HTML, code) {
						e.Errorf("%s in %s: the code %s is not in both parts:\n%s\n%s", p, locale, code, m.Text, m.HTML)
					}
					if headers := fmt.Sprint(m.Subject, m.Headers); strings.Contains(headers, code) {
						e.Errorf("%s in %s: the code %s is in a header: %s", p, locale, code, headers)
					}
				}
			}
		}
	},
	"a repeated call sends another mail": func(e *mailEnv) {
		for _, l := range e.each() {
			first, again := e.arrives(l, domain.LocaleEnglish), e.arrives(l, domain.LocaleEnglish)
			if id := first.Headers["Message-Id"]; len(id) != 1 || slices.Equal(id, again.Headers["Message-Id"]) {
				e.Errorf("%s: the ids %q and %q", l.name, id, again.Headers["Message-Id"])
			}
		}
	},
	"concurrent mails do not mix": func(e *mailEnv) {
		l := e.challenge(domain.PurposeVerifyEmail)
		digits := func(i int) string { return fmt.Sprintf("%06d", 700001+i) }
		var senders sync.WaitGroup
		for i := range racers {
			to, codes := e.address(fmt.Sprintf("ann.%d@cafe.example", i)), mailCodes
			codes.Digits = domain.NewSecret(digits(i))
			senders.Go(func() {
				if err := l.send(e.ctx, to, domain.LocaleEnglish, codes); err != nil {
					e.Error(err)
				}
			})
		}
		senders.Wait()
		got := map[string]string{}
		for _, m := range e.Arrived(e.T) {
			got[strings.Join(m.Recipients, " ")] = m.Text
		}
		for i := range racers {
			if text := got[fmt.Sprintf("ann.%d@cafe.example", i)]; !strings.Contains(text, digits(i)) {
				e.Errorf("the mail %d says %q", i, text)
			}
		}
		if len(got) != racers {
			e.Errorf("%d recipients, want %d", len(got), racers)
		}
	},
}

func isCyrillic(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }
