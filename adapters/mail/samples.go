package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// The mails of samples.
var (
	sampleCodes  = domain.Codes{Digits: domain.NewSecret("123456"), Long: domain.NewSecret("abcdefghijklmnopqrstuvwxyz")}
	sampleEmail  = domain.Email{Address: "ada@example.com", Key: "ada@example.com"}
	sampleSource = domain.Source{IP: "203.0.113.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
)

// Sample is a mail with sample data.
type Sample struct {
	Name                string // LOCALE/NAME, as its template
	Subject, Text, HTML string
}

// Samples writes every mail in every locale with sample data, in the order of their names. The first one that cannot be
// written is an error.
func (m *Mailer) Samples() ([]Sample, error) {
	var all []Sample
	for _, locale := range m.Locales() {
		for _, name := range names() {
			c, err := m.templates.render(m.cfg.AppName, name, locale, m.sample(name))
			if err != nil {
				return nil, err
			}
			if slices.Contains(domain.Purposes, domain.Purpose(name)) && (!showsCode(c.text) || !showsCode(c.html)) {
				return nil, fmt.Errorf("the mail %s/%s shows neither code nor link in both of its parts", locale, name)
			}
			all = append(all, Sample{string(locale) + "/" + name, c.subject, c.text, c.html})
		}
	}
	return all, nil
}

func showsCode(part string) bool {
	return strings.Contains(part, sampleCodes.Digits.Reveal()) || strings.Contains(part, sampleCodes.Long.Reveal())
}

// sample is the data of a mail.
func (m *Mailer) sample(name string) any {
	if slices.Contains(domain.Purposes, domain.Purpose(name)) {
		return m.codeMail(m.sampleChallenge(domain.Purpose(name), sampleEmail), sampleCodes)
	}
	return m.noticeMail(domain.Notice{Kind: domain.NoticeKind(name), Source: sampleSource, CreatedAt: m.now()})
}

func (m *Mailer) sampleChallenge(p domain.Purpose, to domain.Email) domain.Challenge {
	c := domain.Challenge{Purpose: p, Email: to, UserID: uuid.Max, Source: sampleSource}
	if p == domain.PurposeVerifyEmail {
		c.SignUp = domain.SignUp{At: m.now().Add(-time.Minute), Network: sampleSource.Network()}
	}
	if p == domain.PurposeInvitation {
		c.ExpiresAt = m.now().Add(domain.InvitationLife)
	}
	return c
}

// SendSample mails the sample of PurposeVerifyEmail, whose codes open nothing, and returns the locale that it is in.
func (m *Mailer) SendSample(ctx context.Context, to domain.Email, locale domain.Locale) (domain.Locale, error) {
	c := m.sampleChallenge(domain.PurposeVerifyEmail, to)
	c.Locale = m.templates.nearest(locale)
	return c.Locale, m.SendChallenge(ctx, c, sampleCodes)
}

// Locales are those that have mails.
func (m *Mailer) Locales() []domain.Locale { return slices.Sorted(maps.Keys(m.templates)) }

// WriteTemplates writes the templates that the service brings along to a folder, for Config.Templates. It overwrites no file.
func WriteTemplates(dir string) error {
	return fs.WalkDir(ours(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(ours(), name)
		if err != nil {
			return err
		}
		return create(filepath.Join(dir, filepath.FromSlash(name)), text)
	})
}

// create writes a file that is not there yet.
func create(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // there is no secret in it
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // there is no secret in it
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// WriteSamples writes all samples to a folder, each as LOCALE-NAME.html and .txt, with a page that shows them.
func (m *Mailer) WriteSamples(dir string) error {
	samples, err := m.Samples()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // there is no secret in it
		return err
	}
	files := map[string][]byte{}
	var index bytes.Buffer
	if err := samplesPage.Execute(&index, samples); err != nil {
		return err
	}
	files["index.html"] = index.Bytes()
	for _, s := range samples {
		files[s.File()+".html"] = []byte(s.HTML)
		files[s.File()+".txt"] = []byte("Subject: " + s.Subject + "\n\n" + s.Text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { //nolint:gosec // there is no secret in it
			return err
		}
	}
	return nil
}

// File is the name of the sample's files, without their extensions.
func (s Sample) File() string { return strings.ReplaceAll(s.Name, "/", "-") }

var samplesPage = template.Must(template.New("samples").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Mails</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; } iframe { width: 100%; height: 40rem; border: 1px solid #ccc; }</style>
{{range .}}<h2>{{.Name}}: {{.Subject}}</h2>
<p><a href="{{.File}}.txt">as text</a></p>
<iframe src="{{.File}}.html" title="{{.Name}}" sandbox loading="lazy"></iframe>
{{end}}`))
