package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"net/netip"
	"path"
	"strings"
	texttemplate "text/template"
	"time"

	"coffeeshop/domain"
)

// A mail is two files in the folder of each locale: NAME.txt, which also defines "subject", and NAME.html, which
// defines "content" for layout.html. The mails of a locale share common.txt and common.html. NAME is
// a challenge's purpose (data: domain.Codes) or a notice's kind (data: domain.Notice): a new notice is new files.
//
//go:embed templates
var files embed.FS

var locales = []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian}

var functions = map[string]any{
	"minutes": func() int { return int(domain.ChallengeLife / time.Minute) },
	"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"ip":      plainIP,
	"agent":   plainAgent,
}

type mail struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

type templates map[domain.Locale]map[string]mail

type content struct {
	locale              domain.Locale
	subject, text, html string
}

// parseTemplates reads all mails and checks that each exists in every locale.
func parseTemplates(fsys fs.FS) (templates, error) {
	all := templates{}
	for _, locale := range locales {
		folder := path.Join("templates", string(locale))
		names, err := fs.Glob(fsys, folder+"/*.txt")
		if err != nil {
			return nil, fmt.Errorf("list the templates of mails: %w", err)
		}
		all[locale] = map[string]mail{}
		for _, file := range names {
			name := strings.TrimSuffix(path.Base(file), ".txt")
			if name == "common" {
				continue
			}
			m, err := parseMail(fsys, folder, name)
			if err != nil {
				return nil, fmt.Errorf("parse the mail %s/%s: %w", locale, name, err)
			}
			all[locale][name] = m
		}
	}
	for _, locale := range locales {
		for name := range all[domain.LocaleEnglish] {
			if _, ok := all[locale][name]; !ok || len(all[locale]) != len(all[domain.LocaleEnglish]) {
				return nil, fmt.Errorf("the mails of %s and %s are not the same ones", locale, domain.LocaleEnglish)
			}
		}
	}
	return all, nil
}

func parseMail(fsys fs.FS, folder, name string) (mail, error) {
	text, err := texttemplate.New(name+".txt").Option("missingkey=error").Funcs(functions).
		ParseFS(fsys, folder+"/common.txt", folder+"/"+name+".txt")
	if err != nil {
		return mail{}, err
	}
	if text.Lookup("subject") == nil {
		return mail{}, errors.New("it has no subject")
	}
	html, err := htmltemplate.New("layout.html").Option("missingkey=error").Funcs(functions).
		ParseFS(fsys, "templates/layout.html", folder+"/common.html", folder+"/"+name+".html")
	if err != nil {
		return mail{}, err
	}
	if html.Lookup("content") == nil {
		return mail{}, errors.New("its HTML part has no content")
	}
	return mail{text: text, html: html}, nil
}

// render writes a mail; a locale without mails falls back to English.
func (t templates) render(name string, locale domain.Locale, data any) (content, error) {
	if _, ok := t[locale]; !ok {
		locale = domain.LocaleEnglish
	}
	m, ok := t[locale][name]
	if !ok {
		return content{}, fmt.Errorf("there is no mail %q", name)
	}
	var subject, text, html bytes.Buffer
	err := errors.Join(
		m.text.ExecuteTemplate(&subject, "subject", data),
		m.text.Execute(&text, data),
	)
	if err == nil {
		err = m.html.Execute(&html, struct {
			Lang, Subject string
			Data          any
		}{string(locale), subject.String(), data})
	}
	if err != nil {
		return content{}, fmt.Errorf("write the mail %s/%s: %w", locale, name, err)
	}
	return content{locale, subject.String(), strings.TrimSpace(text.String()) + "\n", html.String()}, nil
}

// plainIP returns only addresses.
func plainIP(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return "?"
	}
	return ip.WithZone("").String()
}

const agentMaxBytes = 120

// plainAgent makes a user agent harmless, which a thief may choose: mail programs turn texts that look like addresses into
// links. Letters, digits and a few signs stay, and dots between digits.
func plainAgent(text string) string {
	var out strings.Builder
	for i := 0; i < len(text) && out.Len() < agentMaxBytes; i++ {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c), strings.IndexByte("()/;,_-+", c) >= 0,
			c == '.' && i > 0 && isDigit(text[i-1]) && i+1 < len(text) && isDigit(text[i+1]):
			out.WriteByte(c)
		default:
			out.WriteByte(' ')
		}
	}
	if fields := strings.Fields(out.String()); len(fields) > 0 {
		return strings.Join(fields, " ")
	}
	return "?"
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
