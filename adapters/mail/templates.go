package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"coffeeshop/domain"
)

// A mail is two files in the folder of each locale: NAME.txt, which also defines "subject", and NAME.html, which
// defines "content" for layout.html. The mails of a locale share common.txt and common.html. NAME is
// a challenge's purpose (data: codeMail) or a notice's kind (data: noticeMail): a new notice is new files.
//
//go:embed templates
var embedded embed.FS

const (
	layout = "layout.html"
	common = "common"
)

// ours are the templates that the service brings along.
func ours() fs.FS {
	sub, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

var functions = map[string]any{"utc": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }}

type mail struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// templates are the mails of each locale, by their names.
type templates map[domain.Locale]map[string]mail

type content struct {
	locale              domain.Locale
	subject, text, html string
}

// parseTemplates reads all mails, each file from the operator's folder if it is there, and otherwise from ours. A file that
// nothing reads is an error, as a mail that a locale lacks.
func parseTemplates(theirs fs.FS) (templates, error) {
	locales, err := localesOf(ours())
	if err != nil {
		return nil, err
	}
	if theirs != nil {
		more, err := localesOf(theirs)
		if err != nil {
			return nil, err
		}
		locales = append(locales, more...)
		if err := onlyTemplates(theirs, locales); err != nil {
			return nil, err
		}
	}
	all := templates{}
	for _, locale := range locales {
		if err := complete(layered{theirs, ours()}, locale); err != nil {
			return nil, err
		}
		all[locale] = map[string]mail{}
		for _, name := range names() {
			m, err := parseMail(layered{theirs, ours()}, string(locale), name)
			if err != nil {
				return nil, fmt.Errorf("the mail %s/%s: %w", locale, name, err)
			}
			all[locale][name] = m
		}
	}
	return all, nil
}

// names are those of the mails that there are.
func names() []string {
	files, _ := fs.Glob(ours(), string(domain.LocaleEnglish)+"/*.txt") // it fails for malformed patterns only
	var all []string
	for _, file := range files {
		if name := strings.TrimSuffix(path.Base(file), ".txt"); name != common {
			all = append(all, name)
		}
	}
	return all
}

// localesOf are the folders of fsys, whose names have to be locales.
func localesOf(fsys fs.FS) ([]domain.Locale, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list the templates of mails: %w", err)
	}
	var all []domain.Locale
	for _, entry := range entries {
		if !entry.IsDir() || isHidden(entry.Name()) {
			continue
		}
		locale, err := domain.ParseLocale(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("the folder %q is not a locale, such as en or pt-BR", entry.Name())
		}
		all = append(all, locale)
	}
	return all, nil
}

// complete tells all files that a locale lacks.
func complete(fsys fs.FS, locale domain.Locale) error {
	var lacking []string
	for _, name := range append(names(), common) {
		for _, extension := range []string{".txt", ".html"} {
			if _, err := fs.Stat(fsys, path.Join(string(locale), name+extension)); errors.Is(err, fs.ErrNotExist) {
				lacking = append(lacking, name+extension)
			}
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("the locale %s lacks %s", locale, strings.Join(lacking, ", "))
	}
	return nil
}

// onlyTemplates refuses files that are no template, such as one with a misspelled name.
func onlyTemplates(fsys fs.FS, locales []domain.Locale) error {
	known := append(names(), common)
	return fs.WalkDir(fsys, ".", func(file string, entry fs.DirEntry, err error) error {
		switch folder, name := path.Split(file); {
		case err != nil:
			return fmt.Errorf("list the templates of mails: %w", err)
		case file == "." || file == layout:
		case isHidden(name) && entry.IsDir():
			return fs.SkipDir
		case isHidden(name):
		case entry.IsDir() && folder == "" && slices.Contains(locales, domain.Locale(name)):
		case path.Ext(name) == ".txt" || path.Ext(name) == ".html":
			if !slices.Contains(known, strings.TrimSuffix(name, path.Ext(name))) || folder == "" {
				return fmt.Errorf("there is no mail of the name %q", file)
			}
		default:
			return fmt.Errorf("%q is not a template", file)
		}
		return nil
	})
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." }

// layered opens a file in the first of two folders, if it is there, and otherwise in the second.
type layered struct{ first, second fs.FS }

func (l layered) Open(name string) (fs.File, error) {
	if l.first == nil {
		return l.second.Open(name)
	}
	file, err := l.first.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return l.second.Open(name)
	}
	return file, err
}

func parseMail(fsys fs.FS, folder, name string) (mail, error) {
	text, err := texttemplate.New(name+".txt").Option("missingkey=error").Funcs(functions).
		ParseFS(fsys, folder+"/"+common+".txt", folder+"/"+name+".txt")
	if err != nil {
		return mail{}, err
	}
	if text.Lookup("subject") == nil {
		return mail{}, errors.New("it has no subject")
	}
	html, err := htmltemplate.New(layout).Option("missingkey=error").Funcs(functions).
		ParseFS(fsys, layout, folder+"/"+common+".html", folder+"/"+name+".html")
	if err != nil {
		return mail{}, err
	}
	if html.Lookup("content") == nil {
		return mail{}, errors.New("its HTML part has no content")
	}
	return mail{text: text, html: html}, nil
}

// nearest is the locale whose mails somebody gets: the own one, else that of the language, else English.
func (t templates) nearest(locale domain.Locale) domain.Locale {
	for _, l := range []domain.Locale{locale, locale.Language()} {
		if t[l] != nil {
			return l
		}
	}
	return domain.LocaleEnglish
}

// render writes a mail.
func (t templates) render(app, name string, locale domain.Locale, data any) (content, error) {
	locale = t.nearest(locale)
	m, ok := t[locale][name]
	if !ok {
		return content{}, fmt.Errorf("there is no mail %q", name)
	}
	var subject, text, html bytes.Buffer
	err := errors.Join(
		m.text.ExecuteTemplate(&subject, "subject", data),
		m.text.Execute(&text, data),
	)
	if err == nil && (strings.ContainsFunc(subject.String(), unicode.IsControl) || strings.TrimSpace(subject.String()) == "") {
		err = errors.New("the subject is not one line")
	}
	if err == nil {
		err = m.html.Execute(&html, struct {
			Lang, App, Subject string
			Data               any
		}{string(locale), app, subject.String(), data})
	}
	if err != nil {
		return content{}, fmt.Errorf("write the mail %s/%s: %w", locale, name, err)
	}
	return content{locale, subject.String(), strings.TrimSpace(text.String()) + "\n", html.String()}, nil
}
