package bootstrap

import (
	"context"
	"time"

	"go.uber.org/fx"

	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/mail"
	"coffeeshop/adapters/mail/mailbox"
	"coffeeshop/adapters/mail/smtp"
	"coffeeshop/bootstrap/config"
	"coffeeshop/ports"
)

// smtpTime bounds the delivery of one mail.
const smtpTime = 30 * time.Second

// mails is the writer of mails and, where they are kept instead of sent, their reader.
type mails struct {
	fx.Out

	Mailer  ports.Mailer
	Mailbox httpapi.Mailbox // nil: they are sent
}

// newMail has mails sent by a mail server if there is one, and kept in the mailbox otherwise.
func newMail(cfg config.Config, proc process) (mails, error) {
	var m mails
	var transport mail.Transport
	var err error
	if cfg.UsesMailbox() {
		var box *mailbox.Mailbox
		box, err = mailbox.New(cfg.MailboxDir)
		transport, m.Mailbox = box, reader{box}
	} else {
		transport, err = smtp.New(smtp.Config{
			Host: cfg.EmailHost, Port: cfg.EmailPort, User: cfg.EmailHostUser, Password: cfg.EmailHostPassword,
			TLS: smtp.TLS(cfg.EmailTLS), Timeout: smtpTime,
		})
	}
	if err != nil {
		return mails{}, err
	}
	m.Mailer, err = mail.New(mail.Config{From: cfg.EmailFrom}, transport, proc.now)
	return m, err
}

// reader shows the mailbox in the words of the HTTP side, which does not know it.
type reader struct{ box *mailbox.Mailbox }

func (r reader) List(ctx context.Context) ([]httpapi.MailSummary, error) {
	stored, err := r.box.List(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]httpapi.MailSummary, len(stored))
	for i, m := range stored {
		list[i] = summary(m)
	}
	return list, nil
}

func (r reader) Read(ctx context.Context, name string) (httpapi.MailMessage, error) {
	m, err := r.box.Read(ctx, name)
	if err != nil {
		return httpapi.MailMessage{}, err
	}
	return httpapi.MailMessage{MailSummary: summary(m), Text: m.Text, HTML: m.HTML}, nil
}

func summary(m mailbox.Mail) httpapi.MailSummary {
	return httpapi.MailSummary{Name: m.Name, From: m.From, To: m.To, Subject: m.Subject, Date: m.Date}
}
