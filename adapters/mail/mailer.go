// Package mail writes the service's mails and hands them to a transport: mail/smtp, or mail/mailbox in
// development.
package mail

import (
	"context"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Transport hands a written mail to whatever delivers it, as it is: its headers, the subject among them, are
// encoded already (RFC 2047), and it has one recipient. What nil, ports.ErrNotTaken and any other error mean,
// ports.Mailer says; so it does of ctx and of concurrent calls. No error's text quotes the mail, its recipient, what
// the mail server said (which may quote both), or the server's password. The package transporttest proves all of it.
type Transport interface {
	Deliver(ctx context.Context, m *gomail.Msg) error
}

// Config says how mails are written.
type Config struct {
	From string // the sender, as RFC 5322 writes a mailbox: `no-reply@example.com` or `Coffee Shop <no-reply@example.com>`
}

// Mailer writes mails from the templates. Names of users do not appear in any mail, since strangers choose them
// and would have us send their words to anybody.
type Mailer struct {
	from      *netmail.Address
	templates templates
	transport Transport
	now       func() time.Time
}

var _ ports.Mailer = (*Mailer)(nil)

// New returns a Mailer; every template is parsed here, so that a fault in one stops the start.
func New(cfg Config, transport Transport, now func() time.Time) (*Mailer, error) {
	from, err := parseSender(cfg.From)
	if err != nil {
		return nil, err
	}
	templates, err := parseTemplates(files)
	if err != nil {
		return nil, err
	}
	return &Mailer{from: from, templates: templates, transport: transport, now: now}, nil
}

// SendChallenge mails the codes with the template that is named like the purpose.
func (m *Mailer) SendChallenge(ctx context.Context, c domain.Challenge, codes domain.Codes) error {
	return m.send(ctx, string(c.Purpose), c.Locale, c.Email, codes)
}

// SendNotice mails the notice with the template that is named like the kind.
func (m *Mailer) SendNotice(ctx context.Context, n domain.Notice) error {
	return m.send(ctx, string(n.Kind), n.Locale, n.Email, n)
}

func (m *Mailer) send(ctx context.Context, template string, locale domain.Locale, to domain.Email, data any) error {
	content, err := m.templates.render(template, locale, data)
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrNotTaken, err)
	}
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	if msg.To(to.ASCII()) != nil { // its error quotes the address
		return fmt.Errorf("%w: the mail %s has no address", ports.ErrNotTaken, template)
	}
	_, host, _ := strings.Cut(m.from.Address, "@")
	msg.SetMessageIDWithValue(uuid.NewString() + "@" + host) // a repeated mail has another: programs drop what they know
	msg.SetDateWithValue(m.now())
	msg.Subject(content.subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no automatic answers
	msg.SetGenHeader(gomail.HeaderContentLang, string(content.locale))
	msg.SetBodyString(gomail.TypeTextPlain, content.text)
	msg.AddAlternativeString(gomail.TypeTextHTML, content.html)
	if err := m.transport.Deliver(ctx, msg); err != nil {
		return fmt.Errorf("deliver the mail %s: %w", template, err)
	}
	return nil
}

// parseSender reads the sender; an international domain is encoded, as every mail server understands it.
func parseSender(text string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("read the sender of mails %q: %w", text, err)
	}
	at := strings.LastIndexByte(from.Address, '@')
	host, err := idna.Lookup.ToASCII(from.Address[at+1:])
	if err != nil {
		return nil, fmt.Errorf("read the sender of mails %q: %w", text, err)
	}
	from.Address = from.Address[:at+1] + host
	return from, nil
}
