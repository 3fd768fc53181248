package mail

import (
	"bytes"
	"context"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func nowAlways() time.Time { return now }

// outbox keeps what would have been sent.
type outbox struct{ raw []string }

func (o *outbox) Deliver(_ context.Context, message Message) error {
	m, err := message.Encode()
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		return err
	}
	o.raw = append(o.raw, buf.String())
	return nil
}

func newMailer(t *testing.T, from string) (*Mailer, *outbox) {
	t.Helper()
	out := &outbox{}
	return mailer(t, Config{AppName: "Café", From: from}, out), out
}

func mailer(t *testing.T, cfg Config, transport Transport) *Mailer {
	t.Helper()
	m, err := New(cfg, transport, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func address(t *testing.T, text string) domain.Email {
	t.Helper()
	email, err := domain.ParseEmail(text)
	if err != nil {
		t.Fatal(err)
	}
	return email
}

var codes = domain.Codes{Digits: domain.NewSecret("012345"), Long: domain.NewSecret("abcdefghijklmnopqrstuvwxyz")}

const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

func notice(email domain.Email, locale domain.Locale) domain.Notice {
	return domain.Notice{ID: uuid.New(), Kind: domain.NoticeSessionStolen, Email: email, Locale: locale,
		Source: domain.Source{IP: "203.0.113.7", UserAgent: agent}, CreatedAt: now}
}

func TestSendChallenge_WritesTheHeaders(t *testing.T) {
	t.Parallel()
	m, out := newMailer(t, "Кофейня <no-reply@кофе.example>")
	c := domain.Challenge{Purpose: domain.PurposeVerifyEmail, Email: address(t, "Ann@бар.example"), Locale: domain.LocaleRussian}
	if err := m.SendChallenge(t.Context(), c, codes); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.raw[0], "\r\n") {
		if len(line) > 78 || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("line %q", line)
		}
	}
	msg, err := netmail.ReadMessage(strings.NewReader(out.raw[0]))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"To": "<Ann@xn--80ab0c.example>", "Date": "Wed, 04 Mar 2026 05:06:07 +0000", "Auto-Submitted": "auto-generated",
		"Content-Language": "ru", "MIME-Version": "1.0", "X-Mailer": "", "Cc": "", "Bcc": "",
	} {
		if got := msg.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := msg.Header.Get("From"); !strings.HasSuffix(got, "<no-reply@xn--e1ajmy.example>") {
		t.Errorf("From: %q", got)
	}
	if got := msg.Header.Get("Message-Id"); !strings.HasSuffix(got, "@xn--e1ajmy.example>") {
		t.Errorf("Message-ID: %q", got)
	}
	if got := msg.Header.Get("Subject"); !strings.HasPrefix(got, "=?UTF-8?") {
		t.Errorf("Subject: %q", got)
	}
}

func TestSend_TheSendersNameAndTheAddressForAnswersAreTheOperators(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg           Config
		from, replyTo string
	}{
		{Config{AppName: `Ann "the" Bar, Ltd`, From: "no-reply@example.com"}, `"Ann \"the\" Bar, Ltd" <no-reply@example.com>`, ""},
		{Config{AppName: "Bar", From: "Front desk <no-reply@example.com>", ReplyTo: "help@кофе.example"}, `"Front desk" <no-reply@example.com>`, "<help@xn--e1ajmy.example>"},
	} {
		out := &outbox{}
		if err := mailer(t, c.cfg, out).SendNotice(t.Context(), notice(address(t, "a@b.example"), domain.LocaleEnglish)); err != nil {
			t.Fatal(err)
		}
		msg, err := netmail.ReadMessage(strings.NewReader(out.raw[0]))
		if err != nil {
			t.Fatal(err)
		}
		if from, replyTo := msg.Header.Get("From"), msg.Header.Get("Reply-To"); from != c.from || replyTo != c.replyTo {
			t.Errorf("From %s, Reply-To %s", from, replyTo)
		}
	}
	if _, err := New(Config{From: "a@b.example", ReplyTo: "nobody"}, &outbox{}, nowAlways); err == nil {
		t.Error("an address that is none was taken")
	}
}

func TestSend_UnknownLocalesGetEnglish(t *testing.T) {
	t.Parallel()
	m, out := newMailer(t, "no-reply@example.com")
	for _, locale := range []domain.Locale{"", "tlh"} {
		if err := m.SendNotice(t.Context(), notice(address(t, "a@b.example"), locale)); err != nil {
			t.Fatal(err)
		}
	}
	for _, raw := range out.raw {
		if !strings.Contains(raw, "Subject: An old sign-in to your account was used\r\n") || !strings.Contains(raw, "Content-Language: en\r\n") {
			t.Error(raw)
		}
	}
}

func TestSendNotice_AUserAgentAddsNeitherHeadersNorLinks(t *testing.T) {
	t.Parallel()
	m, out := newMailer(t, "no-reply@example.com")
	n := notice(address(t, "a@b.example"), domain.LocaleEnglish)
	n.Source = domain.Source{IP: "1.2.3.4\r\nBcc: x@evil.example",
		UserAgent: "x\r\nBcc: victim@evil.example\r\n\r\n<a href=\"https://evil.example/win\">Call</a> www.evil.example \u202e" + strings.Repeat("a", 300)}
	if err := m.SendNotice(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"\r\nBcc", "evil.", "://", "<a ", "victim@", strings.Repeat("a", 121)} {
		if strings.Contains(out.raw[0], bad) {
			t.Errorf("the mail contains %q", bad)
		}
	}
}

func TestNew_RefusesSendersThatAreNoMailbox(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"", "Coffee Shop", "a@", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example"} {
		if _, err := New(Config{From: from}, &outbox{}, time.Now); err == nil {
			t.Errorf("%q was taken", from)
		}
	}
}
