package mail

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"coffeeshop/domain"
	"coffeeshop/ports/portstest"
)

var (
	ourLocales = []domain.Locale{domain.LocaleEnglish, domain.LocaleRussian}
	signedUp   = domain.SignUp{At: now, Network: "203.0.113.7"}
)

func TestTemplates_BothPartsSayWhatTheReaderNeeds(t *testing.T) {
	t.Parallel()
	m, _ := newMailer(t, "no-reply@example.com")
	when, where, browser := "2026-03-04 05:06 UTC", "203.0.113.7", "Chrome/126.0.0.0"
	facts := []string{when, where, browser}
	shown := map[domain.NoticeKind][]string{ // what happened elsewhere, to strangers, has neither time nor place
		domain.NoticeSessionStolen: facts, domain.NoticePasswordReset: facts, domain.NoticePasswordChanged: facts,
		domain.NoticeEmailRequested: facts, domain.NoticeEmailChanged: facts, domain.NoticeSuspiciousLogin: facts,
		domain.NoticeAccountDeleted: {when}, domain.NoticeSignUpAttempted: {}, domain.NoticeAddressRequested: {},
	}
	for _, locale := range ourLocales {
		for _, purpose := range domain.Purposes {
			show, hidden := []string{"10", codes.Digits.Reveal(), codes.Long.Reveal(), "Café"}, []string{"ann@"}
			challenge := domain.Challenge{Purpose: purpose, Email: address(t, "ann@cafe.example")}
			if purpose == domain.PurposeVerifyEmail {
				challenge.SignUp = signedUp
				show = append(show, when, where)
			}
			if purpose == domain.PurposeInvitation {
				challenge.ExpiresAt = now
				show, hidden = []string{codes.Long.Reveal(), "Café", when}, append(hidden, codes.Digits.Reveal())
			}
			holds(t, string(purpose), written(t, m, string(purpose), locale, m.codeMail(challenge, codes)), show, hidden)
			if purpose == domain.PurposeInvitation {
				continue
			}
			challenge.SignUp = domain.SignUp{}
			holds(t, string(purpose), written(t, m, string(purpose), locale, m.codeMail(challenge, codes)), nil, []string{"UTC", where, "0001"})
		}
		for _, kind := range portstest.Notices {
			show, ok := shown[kind]
			if !ok {
				t.Errorf("nobody said what %s shows", kind)
			}
			n := notice(address(t, "ann@cafe.example"), locale)
			n.Kind = kind
			if !slices.Contains(show, where) {
				n.Source = domain.Source{RequestID: "0198"}
			}
			hidden := []string{"ann@", "cafe.example", "0198"}
			for _, fact := range facts {
				if !slices.Contains(show, fact) {
					hidden = append(hidden, fact)
				}
			}
			holds(t, string(kind), written(t, m, string(kind), locale, m.noticeMail(n)), append(show, "Café"), hidden)
		}
	}
}

// written renders a mail and checks what holds for all of them.
func written(t *testing.T, m *Mailer, name string, locale domain.Locale, data any) content {
	t.Helper()
	c, err := m.templates.render(m.cfg.AppName, name, locale, data)
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

func TestTemplates_ANoticeWithoutAClientHasNoLinesForIt(t *testing.T) {
	t.Parallel()
	m, _ := newMailer(t, "no-reply@example.com")
	labels := []string{"IP", "Browser", "Браузер"}
	for _, locale := range ourLocales {
		for _, kind := range portstest.Notices {
			n := notice(address(t, "ann@cafe.example"), locale)
			n.Source = domain.Source{}
			holds(t, string(kind), written(t, m, string(kind), locale, m.noticeMail(n)), nil, labels)
		}
		n := notice(address(t, "ann@cafe.example"), locale)
		n.Source.UserAgent = ""
		holds(t, "without a browser", written(t, m, string(n.Kind), locale, m.noticeMail(n)), labels[:1], labels[1:])
	}
}

func TestTemplates_LinkToThePageOfThePurposeWithAllThatItSends(t *testing.T) {
	t.Parallel()
	out := &outbox{}
	m := mailer(t, Config{From: "no-reply@example.com", Links: map[domain.Purpose]string{
		domain.PurposeVerifyEmail: "https://app.example.com/verify?tenant=a&b", domain.PurposeResetPassword: "https://app.example.com/reset",
	}}, out)
	c := domain.Challenge{Purpose: domain.PurposeVerifyEmail, Email: address(t, "Ann+b@cafe.example"), Locale: domain.LocaleEnglish}
	const verify = "https://app.example.com/verify?tenant=a&b#code=abcdefghijklmnopqrstuvwxyz&email=Ann%2Bb%40cafe.example&id=00000000-0000-0000-0000-000000000000"
	if data := m.codeMail(c, codes); data.Link != verify {
		t.Errorf("the link is %s", data.Link)
	}
	for _, locale := range ourLocales {
		mail, err := m.templates.render("", string(c.Purpose), locale, m.codeMail(c, codes))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(mail.text, verify) || !strings.Contains(mail.html, `href="`+strings.ReplaceAll(verify, "&", "&amp;")+`"`) || !strings.Contains(mail.text, codes.Digits.Reveal()) {
			t.Errorf("%s: %s %s", locale, mail.text, mail.html)
		}
	}
	c.Purpose = domain.PurposeResetPassword
	if data := m.codeMail(c, codes); data.Link != "https://app.example.com/reset#code=abcdefghijklmnopqrstuvwxyz&email=Ann%2Bb%40cafe.example" {
		t.Errorf("the link is %s", data.Link)
	}
	c.Purpose = domain.PurposeChangeEmail
	if data := m.codeMail(c, codes); data.Link != "" {
		t.Errorf("without a page the link is %s", data.Link)
	}
}

func TestTemplates_TheOperatorsReplaceOurs(t *testing.T) {
	t.Parallel()
	theirs := fstest.MapFS{
		"layout.html":         {Data: []byte(`<html lang="{{.Lang}}"><h1>{{.App}}: {{.Subject}}</h1>{{template "content" .Data}}</html>`)},
		"en/verify_email.txt": {Data: []byte(`{{define "subject"}}Welcome to {{.App}}{{end}}Your code: {{.Digits}}`)},
		".git/HEAD":           {Data: []byte("x")},
	}
	out := &outbox{}
	m := mailer(t, Config{AppName: "Ann's <b>Bar</b>", From: "no-reply@example.com", Templates: theirs}, out)
	c := domain.Challenge{Purpose: domain.PurposeVerifyEmail, Email: address(t, "a@b.example"), Locale: domain.LocaleEnglish}
	mail, err := m.templates.render(m.cfg.AppName, string(c.Purpose), c.Locale, m.codeMail(c, codes))
	if err != nil {
		t.Fatal(err)
	}
	if mail.subject != "Welcome to Ann's <b>Bar</b>" || mail.text != "Your code: 012345\n" || !strings.Contains(mail.html, "<h1>Ann&#39;s &lt;b&gt;Bar&lt;/b&gt;: Welcome") {
		t.Errorf("%q %q %q", mail.subject, mail.text, mail.html)
	}
	if mail, err = m.templates.render("", string(c.Purpose), domain.LocaleRussian, m.codeMail(c, codes)); err != nil || !strings.Contains(mail.subject, "Подтвердите") {
		t.Errorf("%q, %v", mail.subject, err)
	}
}

// third is a complete language, whose texts are ours in English.
func third(t *testing.T, folder string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range append(names(), common) {
		for _, ext := range []string{".txt", ".html"} {
			text, err := os.ReadFile("templates/en/" + name + ext)
			if err != nil {
				t.Fatal(err)
			}
			files[folder+"/"+name+ext] = &fstest.MapFile{Data: text}
		}
	}
	files[folder+"/verify_email.txt"] = &fstest.MapFile{Data: []byte(`{{define "subject"}}Bem-vindo{{end}}{{.Digits}}`)}
	return files
}

func TestTemplates_AThirdLanguageIsAFolder(t *testing.T) {
	t.Parallel()
	out := &outbox{}
	m := mailer(t, Config{From: "no-reply@example.com", Templates: third(t, "pt")}, out)
	if got := m.Locales(); !slices.Equal(got, []domain.Locale{"en", "pt", "ru"}) {
		t.Errorf("there are %v", got)
	}
	for locale, subject := range map[domain.Locale]string{"pt": "Bem-vindo", "pt-BR": "Bem-vindo", "de": "Confirm your e-mail address", "ru-UA": "Подтвердите адрес электронной почты"} {
		mail, err := m.templates.render("", "verify_email", locale, m.sample("verify_email"))
		if err != nil || mail.subject != subject {
			t.Errorf("%s: %q, %v", locale, mail.subject, err)
		}
	}
}

func TestTemplates_ARegionsMailsComeBeforeItsLanguages(t *testing.T) {
	t.Parallel()
	files := third(t, "pt")
	for name, file := range third(t, "pt-BR") {
		files[name] = file
	}
	files["pt-BR/verify_email.txt"] = &fstest.MapFile{Data: []byte(`{{define "subject"}}Brasil{{end}}{{.Digits}}`)}
	m := mailer(t, Config{From: "no-reply@example.com", Templates: files}, &outbox{})
	for locale, subject := range map[domain.Locale]string{"pt-BR": "Brasil", "pt-PT": "Bem-vindo"} {
		if mail, err := m.templates.render("", "verify_email", locale, m.sample("verify_email")); err != nil || mail.subject != subject {
			t.Errorf("%s: %q, %v", locale, mail.subject, err)
		}
	}
}

func TestTemplates_ABrokenOneStopsTheStartAndIsNamed(t *testing.T) {
	t.Parallel()
	broken := func(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }
	incomplete := third(t, "pt")
	delete(incomplete, "pt/session_stolen.html")
	for name, c := range map[string]struct {
		files fstest.MapFS
		names string
	}{
		"a misspelled name":      {broken("en/verify_mail.txt", ""), "en/verify_mail.txt"},
		"no template":            {broken("en/README.md", ""), "en/README.md"},
		"a file at the top":      {broken("verify_email.txt", ""), "verify_email.txt"},
		"no locale":              {broken("english/verify_email.txt", ""), "english"},
		"a locale's part":        {incomplete, "the locale pt lacks session_stolen.html"},
		"an unknown member":      {broken("en/verify_email.txt", `{{define "subject"}}s{{end}}{{.Name}}`), "en/verify_email"},
		"an unclosed action":     {broken("en/verify_email.html", `{{define "content"}}{{if .App}}`), "en/verify_email"},
		"no subject":             {broken("en/verify_email.txt", `{{.Digits}}`), "en/verify_email"},
		"a subject of two lines": {broken("en/verify_email.txt", "{{define \"subject\"}}a\nBcc: x{{end}}{{.Digits}}"), "en/verify_email"},
		"no code":                {broken("en/verify_email.txt", `{{define "subject"}}s{{end}}Hello`), "en/verify_email"},
		"no code in HTML":        {broken("ru/reset_password.html", `{{define "content"}}Hello{{end}}`), "ru/reset_password"},
	} {
		if _, err := New(Config{From: "a@b.example", Templates: c.files}, &outbox{}, nowAlways); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// unreadable lets nobody read one file.
type unreadable struct {
	fs.FS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	if name == u.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return u.FS.Open(name)
}

func TestTemplates_AnUnreadableOneIsNotReplacedByOurs(t *testing.T) {
	t.Parallel()
	theirs := unreadable{fstest.MapFS{"en/verify_email.txt": {Data: []byte("x")}}, "en/verify_email.txt"}
	if _, err := New(Config{From: "a@b.example", Templates: theirs}, &outbox{}, nowAlways); err == nil {
		t.Error("nobody noticed")
	}
}

func TestWriteTemplates_WritesOursAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := WriteTemplates(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{From: "a@b.example", Templates: os.DirFS(dir)}, &outbox{}, nowAlways); err != nil {
		t.Errorf("what was written is not taken: %v", err)
	}
	edited := filepath.Join(dir, "en", "verify_email.txt")
	if err := os.WriteFile(edited, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteTemplates(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second time: %v", err)
	}
	if text, err := os.ReadFile(edited); err != nil || string(text) != "mine" {
		t.Errorf("the edited template is %q, %v", text, err)
	}
}
