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
	"golang.org/x/net/idna"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Transport delivers messages. ports.Mailer says what nil, ports.ErrNotTaken and any other error mean, and how ctx and
// concurrent calls are treated. No error's text quotes the message, its recipient, the mail server's answer (which may
// quote both), or the server's password. The package transporttest proves all of it.
type Transport interface {
	Deliver(ctx context.Context, m Message) error
}

// Config is the sender.
type Config struct {
	From string // the sender, as RFC 5322 writes a mailbox: `no-reply@example.com` or `Coffee Shop <no-reply@example.com>`
}

// Mailer writes mails from the templates. No mail contains a user's name: a stranger could choose it, and so have words
// of their own sent to anybody.
type Mailer struct {
	from      netmail.Address
	templates templates
	transport Transport
	now       func() time.Time
}

var _ ports.Mailer = (*Mailer)(nil)

// New returns a Mailer. It parses every template: a fault in one is an error.
func New(cfg Config, transport Transport, now func() time.Time) (*Mailer, error) {
	from, err := parseSender(cfg.From)
	if err != nil {
		return nil, err
	}
	templates, err := parseTemplates(files)
	if err != nil {
		return nil, err
	}
	return &Mailer{from: *from, templates: templates, transport: transport, now: now}, nil
}

// SendChallenge mails the codes with the template of the purpose's name.
func (m *Mailer) SendChallenge(ctx context.Context, c domain.Challenge, codes domain.Codes) error {
	return m.send(ctx, string(c.Purpose), c.Locale, c.Email, codes)
}

// SendNotice mails the notice with the template of the kind's name.
func (m *Mailer) SendNotice(ctx context.Context, n domain.Notice) error {
	return m.send(ctx, string(n.Kind), n.Locale, n.Email, n)
}

func (m *Mailer) send(ctx context.Context, template string, locale domain.Locale, to domain.Email, data any) error {
	content, err := m.templates.render(template, locale, data)
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrNotTaken, err)
	}
	_, host, _ := strings.Cut(m.from.Address, "@")
	err = m.transport.Deliver(ctx, Message{
		ID:   uuid.NewString() + "@" + host, // a repeated mail has another: mail programs drop ids that they know
		From: m.from, To: to.ASCII(), Date: m.now(), Subject: content.subject, Text: content.text, HTML: content.html,
		Headers: map[string]string{
			"Auto-Submitted":   "auto-generated", // RFC 3834: no automatic answers
			"Content-Language": string(content.locale),
		},
	})
	if err != nil {
		return fmt.Errorf("deliver the mail %s: %w", template, err)
	}
	return nil
}

// parseSender reads the sender, and encodes an international domain, so that every mail server understands it.
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
