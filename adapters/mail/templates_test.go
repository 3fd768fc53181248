package mail

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coffeeshop/domain"
	"coffeeshop/ports/portstest"
)

func TestTemplates_BothPartsSayWhatTheReaderNeeds(t *testing.T) {
	t.Parallel()
	all, err := parseTemplates(files)
	if err != nil {
		t.Fatal(err)
	}
	when, where, browser := "2026-03-04 05:06 UTC", "203.0.113.7", "Chrome/126.0.0.0"
	facts := []string{when, where, browser}
	shown := map[domain.NoticeKind][]string{ // what happened elsewhere, to strangers, has neither time nor place
		domain.NoticeSessionStolen: facts, domain.NoticePasswordReset: facts, domain.NoticePasswordChanged: facts,
		domain.NoticeEmailRequested: facts, domain.NoticeEmailChanged: facts, domain.NoticeSuspiciousLogin: facts,
		domain.NoticeAccountDeleted: {when}, domain.NoticeSignUpAttempted: {}, domain.NoticeAddressRequested: {},
	}
	for _, locale := range locales {
		for _, purpose := range portstest.Purposes {
			c := written(t, all, string(purpose), locale, codes)
			holds(t, string(purpose), c, []string{"10"}, nil)
			save(t, string(locale)+"-"+string(purpose)+".html", c.html)
		}
		for _, kind := range portstest.Notices {
			show, ok := shown[kind]
			if !ok {
				t.Errorf("nobody said what %s shows", kind)
			}
			n := notice(address(t, "ann@cafe.example"), locale)
			if !slices.Contains(show, where) {
				n.Source = domain.Source{RequestID: "0198"}
			}
			c := written(t, all, string(kind), locale, n)
			hidden := []string{"ann@", "cafe.example", "0198", "?\n", "?<"}
			for _, fact := range facts {
				if !slices.Contains(show, fact) {
					hidden = append(hidden, fact)
				}
			}
			holds(t, string(kind), c, show, hidden)
			save(t, string(locale)+"-"+string(kind)+".html", c.html)
		}
	}
}

// written renders a mail and checks what holds for all of them.
func written(t *testing.T, all templates, name string, locale domain.Locale, data any) content {
	t.Helper()
	c, err := all.render(name, locale, data)
	if err != nil {
		t.Fatalf("%s/%s: %v", locale, name, err)
	}
	if c.subject == "" || strings.ContainsAny(c.subject, "\r\n<") || strings.ContainsAny(c.text, "<@") || strings.Contains(c.text, "\n\n\n") {
		t.Errorf("%s/%s: subject %q, text %q", locale, name, c.subject, c.text)
	}
	for _, bad := range []string{"http", "<img", "href"} {
		if strings.Contains(c.html, bad) {
			t.Errorf("%s/%s loads or links something: %q", locale, name, bad)
		}
	}
	if !strings.Contains(c.html, `<html lang="`+string(locale)+`"`) {
		t.Errorf("%s/%s does not say its language", locale, name)
	}
	return c
}

// holds checks that both parts contain the one and neither the other.
func holds(t *testing.T, name string, c content, shown, hidden []string) {
	t.Helper()
	for _, part := range []string{c.text, c.html} {
		for _, word := range shown {
			if !strings.Contains(part, word) {
				t.Errorf("%s/%s: a part lacks %q", c.locale, name, word)
			}
		}
		for _, word := range hidden {
			if strings.Contains(part, word) {
				t.Errorf("%s/%s: a part contains %q", c.locale, name, word)
			}
		}
	}
}

// save keeps the HTML parts for looking at, in the folder that MAIL_PREVIEW names.
func save(t *testing.T, name, html string) {
	t.Helper()
	if dir := os.Getenv("MAIL_PREVIEW"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(html), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTemplates_ANoticeWithoutAClientHasNoLinesForIt(t *testing.T) {
	t.Parallel()
	all, err := parseTemplates(files)
	if err != nil {
		t.Fatal(err)
	}
	labels := []string{"IP", "Browser", "Браузер"}
	for _, locale := range locales {
		for _, kind := range portstest.Notices {
			n := notice(address(t, "ann@cafe.example"), locale)
			n.Source = domain.Source{}
			holds(t, string(kind), written(t, all, string(kind), locale, n), nil, labels)
		}
		n := notice(address(t, "ann@cafe.example"), locale)
		n.Source.UserAgent = ""
		holds(t, "without a browser", written(t, all, string(n.Kind), locale, n), labels[:1], labels[1:])
	}
}

func TestTemplates_AMailThatOneLocaleLacksStopsTheStart(t *testing.T) {
	t.Parallel()
	if _, err := parseTemplates(without{files, "templates/ru/verify_email.txt"}); err == nil {
		t.Error("nobody noticed")
	}
}

type without struct {
	fs.FS
	name string
}

func (w without) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(w.FS, pattern)
	var left []string
	for _, name := range names {
		if name != w.name {
			left = append(left, name)
		}
	}
	return left, err
}
