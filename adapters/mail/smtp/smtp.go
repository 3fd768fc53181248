// Package smtp hands mails to a mail server.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	librarysmtp "github.com/wneessen/go-mail/smtp"

	"coffeeshop/adapters/mail"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// TLS is the protection of the connection. There is no "if the server offers it": an attacker on the line can hide the
// offer.
type TLS string

// The protections.
const (
	StartTLS    TLS = "starttls" // TLS begins inside the connection, or no mail is sent
	ImplicitTLS TLS = "tls"      // TLS from the first byte on
	NoTLS       TLS = "none"     // in clear; with a password only to this machine
)

// Config names the mail server.
type Config struct {
	Host     string
	Port     int
	User     string // empty: no authentication
	Password domain.Secret
	TLS      TLS
	Timeout  time.Duration // for a whole mail; its context may end it earlier
}

// Transport delivers mails over SMTP.
type Transport struct {
	cfg     Config
	options []gomail.Option
	tls     *tls.Config
}

var _ mail.Transport = (*Transport)(nil)

// New returns a transport; it does not connect yet.
func New(cfg Config) (*Transport, error) { return newTransport(cfg, &tls.Config{}) }

func newTransport(cfg Config, base *tls.Config) (*Transport, error) {
	if cfg.Timeout <= 0 {
		return nil, errors.New("set up SMTP: the time-out must be above zero")
	}
	t := &Transport{cfg: cfg, tls: base.Clone()}
	t.tls.ServerName, t.tls.MinVersion = cfg.Host, tls.VersionTLS12
	t.options = []gomail.Option{
		gomail.WithPort(cfg.Port), gomail.WithTLSConfig(t.tls),
		// The context that Deliver makes ends first.
		gomail.WithTimeout(2 * cfg.Timeout),
		gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(), // addresses are ASCII
	}
	switch cfg.TLS {
	case StartTLS:
		t.options = append(t.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		t.options = append(t.options, gomail.WithTLSPolicy(gomail.NoTLS)) // dial has seen to it
	case NoTLS:
		if cfg.User != "" && !loopback(cfg.Host) {
			return nil, errors.New("set up SMTP: a password is not sent in clear to another machine; use starttls or tls")
		}
		t.options = append(t.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("set up SMTP: unknown protection %q: use starttls, tls or none", cfg.TLS)
	}
	if cfg.User != "" {
		t.options = append(t.options, gomail.WithUsername(cfg.User), gomail.WithPassword(cfg.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	if _, err := gomail.NewClient(cfg.Host, t.options...); err != nil {
		return nil, fmt.Errorf("set up SMTP: %w", err)
	}
	return t, nil
}

// Deliver sends a mail over a connection of its own.
func (t *Transport) Deliver(ctx context.Context, message mail.Message) error {
	m, err := message.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	var line net.Conn
	dial := func(dialCtx context.Context, network, address string) (conn net.Conn, err error) {
		line, conn, err = t.dial(dialCtx, network, address)
		if err == nil {
			// The library looks at ctx while it connects only; without its line no command can wait any longer.
			context.AfterFunc(ctx, func() { _ = line.Close() })
		}
		return conn, err
	}
	client, err := gomail.NewClient(t.cfg.Host, append(t.options[:len(t.options):len(t.options)], gomail.WithDialContextFunc(dial))...)
	if err != nil {
		return fmt.Errorf("%w: set up SMTP: %w", ports.ErrNotTaken, err)
	}
	err = client.DialAndSendWithContext(ctx, m)
	if line != nil {
		_ = line.Close() // the library leaves it open after a failed greeting
	}
	if err == nil || m.IsDelivered() { // a failure after the delivery is no reason to send it again
		return nil
	}
	return fmt.Errorf("send by %s: %w", client.ServerAddr(), failure(ctx, err))
}

// dial returns the bare connection and the one to talk over.
func (t *Transport) dial(ctx context.Context, network, address string) (line, conn net.Conn, err error) {
	line, err = new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || t.cfg.TLS != ImplicitTLS {
		return line, line, err
	}
	secure := tls.Client(line, t.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, nil, errors.Join(err, line.Close())
	}
	return line, secure, nil
}

// loopback reports whether the host is this machine, by the names that the library takes for it too.
func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// failure turns an error of the library into ours. Of a server's answer it keeps the numbers only: the words may
// quote the recipient, the mail or the password.
func failure(ctx context.Context, err error) error {
	var send *gomail.SendError
	if errors.As(err, &send) {
		err = sending(send)
	} else {
		err = fmt.Errorf("%w: connect and log in: %w", ports.ErrNotTaken, withoutWords(err))
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// permanent is the first code of refusals that are for good (RFC 5321 §4.2.1).
const permanent = 500

// aboutTheMail are the steps at which a server refuses the mail, rather than its client.
var aboutTheMail = []gomail.SendErrReason{gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrWriteContent, gomail.ErrSMTPDataClose}

// sending maps an error of the mail's own commands. Once the content is on its way, only a refusal means that the server
// does not have the mail: it may have read the end of it.
func sending(e *gomail.SendError) error {
	if code := e.ErrorCode(); code != 0 { // 4xx or 5xx
		outcome := ports.ErrNotTaken
		if code >= permanent && slices.Contains(aboutTheMail, e.Reason) {
			outcome = ports.ErrRejected
		}
		numbers := strings.TrimSpace(fmt.Sprint(code, " ", e.EnhancedStatusCode()))
		return fmt.Errorf("%w: %s: refused: %s", outcome, e.Reason, numbers)
	}
	if e.Reason == gomail.ErrWriteContent || e.Reason == gomail.ErrSMTPDataClose {
		return fmt.Errorf("%s: no usable answer, the mail may have been taken over", e.Reason)
	}
	return fmt.Errorf("%w: %s: no usable answer", ports.ErrNotTaken, e.Reason)
}

func withoutWords(err error) error {
	var answer *textproto.Error
	var malformed textproto.ProtocolError
	switch {
	case errors.As(err, &answer):
		return fmt.Errorf("refused: %d", answer.Code)
	case errors.As(err, &malformed), errors.Is(err, librarysmtp.ErrUnexpectedServerResponse):
		return errors.New("the answer is not what SMTP says")
	}
	return err
}
