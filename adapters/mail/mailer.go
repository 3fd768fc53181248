// Package mail writes the service's mails and hands them to a transport: mail/smtp, or mail/mailbox in
// development.
package mail

import (
	"context"
	"fmt"
	"io/fs"
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

// Config is what the operator chooses.
type Config struct {
	AppName   string                    // stands in mails, and is the sender's name unless From has one
	From      string                    // the sender, as RFC 5322 writes a mailbox: `no-reply@example.com` or `Coffee Shop <no-reply@example.com>`
	ReplyTo   string                    // an address; empty: answers go to the sender
	Links     map[domain.Purpose]string // pages that mails link to; none: the mail shows codes only
	Templates fs.FS                     // replaces templates, by their paths: `en/verify_email.txt`; nil: none
}

// Mailer writes mails from the templates. No mail contains a user's name: a stranger could choose it, and so have words
// of their own sent to anybody.
type Mailer struct {
	cfg       Config
	from      netmail.Address
	templates templates
	transport Transport
	now       func() time.Time
}

var _ ports.Mailer = (*Mailer)(nil)

// New returns a Mailer. It writes every mail in every locale once: a fault in a template is an error.
func New(cfg Config, transport Transport, now func() time.Time) (*Mailer, error) {
	from, err := parseAddress(cfg.From)
	if err != nil {
		return nil, err
	}
	if cfg.ReplyTo != "" {
		replyTo, err := parseAddress(cfg.ReplyTo)
		if err != nil {
			return nil, err
		}
		cfg.ReplyTo = replyTo.Address
	}
	if from.Name == "" {
		from.Name = cfg.AppName
	}
	templates, err := parseTemplates(cfg.Templates)
	if err != nil {
		return nil, err
	}
	m := &Mailer{cfg: cfg, from: *from, templates: templates, transport: transport, now: now}
	_, err = m.Samples()
	return m, err
}

// SendChallenge mails the codes with the template of the purpose's name.
func (m *Mailer) SendChallenge(ctx context.Context, c domain.Challenge, codes domain.Codes) error {
	return m.send(ctx, string(c.Purpose), c.Locale, c.Email, m.codeMail(c, codes))
}

// SendNotice mails the notice with the template of the kind's name.
func (m *Mailer) SendNotice(ctx context.Context, n domain.Notice) error {
	return m.send(ctx, string(n.Kind), n.Locale, n.Email, m.noticeMail(n))
}

func (m *Mailer) send(ctx context.Context, template string, locale domain.Locale, to domain.Email, data any) error {
	content, err := m.templates.render(m.cfg.AppName, template, locale, data)
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrNotTaken, err)
	}
	_, host, _ := strings.Cut(m.from.Address, "@")
	err = m.transport.Deliver(ctx, Message{
		ID:   uuid.NewString() + "@" + host, // a repeated mail has another: mail programs drop ids that they know
		From: m.from, ReplyTo: m.cfg.ReplyTo, To: to.ASCII(), Date: m.now(), Subject: content.subject, Text: content.text, HTML: content.html,
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

// parseAddress reads an address of the operator's, and encodes an international domain, so that every mail server understands it.
func parseAddress(text string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("read the address %q: %w", text, err)
	}
	at := strings.LastIndexByte(from.Address, '@')
	host, err := idna.Lookup.ToASCII(from.Address[at+1:])
	if err != nil {
		return nil, fmt.Errorf("read the address %q: %w", text, err)
	}
	from.Address = from.Address[:at+1] + host
	return from, nil
}
