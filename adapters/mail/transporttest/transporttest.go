// Package transporttest holds the conformance suite of mail transports.
package transporttest

import (
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/mail"
	"coffeeshop/ports/portstest"
)

// Fixture is a transport under test, with a view of the mails that arrived.
type Fixture struct {
	Transport mail.Transport
	portstest.Delivery
}

// Run tests a transport against the contract of mail.Transport: by itself, and below the Mailer, by the suite of
// ports.Mailer. The function open gives a fresh one, and closes it by t.Cleanup; it is called often, concurrently.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Run("a mail arrives as it was written", func(t *testing.T) {
		t.Parallel()
		arrivesAsWritten(t, open(t))
	})
	t.Run("mailer", func(t *testing.T) {
		t.Parallel()
		portstest.Mailer(t, func(t *testing.T) portstest.MailerFixture {
			f := open(t)
			m, err := mail.New(mail.Config{From: "Кофейня <no-reply@cafe.example>"}, f.Transport, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			return portstest.MailerFixture{Mailer: m, Delivery: f.Delivery}
		})
	})
}

// The texts hold what transports trip over: dots at the start of a line, a sign of quoted-printable, long lines.
var (
	subject = strings.TrimSpace(strings.Repeat("Подтвердите адрес ", 6))
	text    = "Код 123456 =3D\n.\n..конец\n" + strings.Repeat("щ", 2000) + "\nFrom here\n"
	html    = "<p>Код\n.\n&nbsp;</p>\n"
)

func arrivesAsWritten(t *testing.T, f Fixture) {
	m := mail.Message{
		ID: "1@cafe.example", From: netmail.Address{Name: "Кофейня", Address: "no-reply@cafe.example"}, ReplyTo: "help@cafe.example", To: "Ann@cafe.example",
		Date: time.Date(2030, 3, 4, 5, 6, 7, 0, time.UTC), Subject: subject, Text: text, HTML: html,
		Headers: map[string]string{"Auto-Submitted": "auto-generated"},
	}
	if err := f.Transport.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	arrived := f.Arrived(t)
	if len(arrived) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(arrived))
	}
	got := arrived[0]
	if !slices.Equal(got.Recipients, []string{"Ann@cafe.example"}) {
		t.Errorf("it went to %q", got.Recipients)
	}
	for name, c := range map[string]struct{ got, want string }{
		"subject": {got.Subject, subject}, "text": {got.Text, text}, "HTML": {got.HTML, html},
	} {
		if strings.TrimSpace(c.got) != strings.TrimSpace(c.want) {
			t.Errorf("%s: %q\nwant %q", name, c.got, c.want)
		}
	}
	for name, want := range map[string]string{
		"Message-Id": "<1@cafe.example>", "Date": "Mon, 04 Mar 2030 05:06:07 +0000", "Auto-Submitted": "auto-generated", "Reply-To": "<help@cafe.example>",
	} {
		if got := got.Headers[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
