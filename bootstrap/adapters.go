package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/hashqueue"
	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/mail"
	"coffeeshop/adapters/mail/mailbox"
	"coffeeshop/adapters/mail/smtp"
	"coffeeshop/adapters/metrics"
	"coffeeshop/application"
	"coffeeshop/bootstrap/config"
	"coffeeshop/ports"
)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newHasher(lc fx.Lifecycle, cfg config.Config) (*hashqueue.Queue, error) {
	hasher, err := bcrypthash.New(bcrypthash.Config{Cost: cfg.BcryptCost})
	if err != nil {
		return nil, err
	}
	return queued(lc, cfg, hasher)
}

// queued puts the queue in front of a hasher.
func queued(lc fx.Lifecycle, cfg config.Config, hasher ports.Hasher) (*hashqueue.Queue, error) {
	queue, err := hashqueue.New(hasher, hashqueue.Config{Places: cfg.HashQueue})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(queue.Close))
	return queue, nil
}

func newTokens(lc fx.Lifecycle, cfg config.Config, k keys, proc process, log *zap.Logger) (*jwttoken.Tokens, error) {
	tokens, err := jwttoken.New(jwttoken.Config{
		Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience,
		Secret: k.secret, Previous: cfg.SecretKeyPrevious, KeysDir: cfg.JWTKeysDir,
		AccessLife: cfg.Settings().Sessions.Access, Now: proc.now,
		Report: func(err error) { log.Error("the folder of keys", zap.Error(err)) },
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("JWT_KEYS_DIR: %w: make the first key with `coffeeshop keys generate`", err)
	}
	if err != nil && cfg.JWTKeysDir != "" {
		return nil, fmt.Errorf("JWT_KEYS_DIR: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	lc.Append(fx.StartStopHook(func() { go tokens.Watch(ctx) }, stop))
	return tokens, err
}

// appDeps are the ports that the application needs; fx fills them in.
type appDeps struct {
	fx.In

	Store     ports.Store
	Hasher    ports.Hasher
	Tokens    ports.Tokens
	Mailer    ports.Mailer
	Passwords ports.CommonPasswords
}

func newApp(cfg config.Config, k keys, proc process, d appDeps) (*application.App, error) {
	return application.New(application.Deps{
		Store: d.Store, Hasher: d.Hasher, Tokens: d.Tokens, Mailer: d.Mailer, Passwords: d.Passwords,
		Secret: k.secret, Settings: cfg.Settings(),
		Now: proc.now, NewID: newID, NewRandomID: uuid.New,
	})
}

// apiDeps are the parts that the HTTP side needs.
type apiDeps struct {
	fx.In

	App     *application.App
	Tokens  *jwttoken.Tokens
	DB      *database
	Mail    *mail.Mailer
	Mailbox httpapi.Mailbox
	Jobs    *jobTable
	Metrics *metrics.Metrics
	Log     *zap.Logger
}

func newAPI(cfg config.Config, d apiDeps) *httpapi.API {
	mails := d.Mailbox
	if !cfg.ShowsMailbox() {
		mails = nil
	}
	api := documented(cfg)
	api.CORSOrigins, api.Production, api.TrustedProxies = cfg.Origins(), cfg.Production(), cfg.Proxies()
	api.Locales = d.Mail.Locales()
	api.JWKS, api.Mailbox, api.Ready = d.Tokens.JWKS, mails, d.DB.ready
	api.Meter, api.MailFails = d.Metrics, d.Jobs.Failing
	return httpapi.New(d.App, api, d.Log)
}

// documented is the part of the configuration that the OpenAPI document tells.
func documented(cfg config.Config) httpapi.Config {
	return httpapi.Config{AppName: cfg.AppName, Version: version(), PublicURL: cfg.PublicURL}
}

// smtpTime bounds the delivery of one mail.
const smtpTime = 25 * time.Second

// mails is the writer of mails and, where they are kept instead of sent, their reader.
type mails struct {
	fx.Out

	Mail    *mail.Mailer
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
	m.Mail, err = writeMails(cfg, transport, proc)
	m.Mailer = m.Mail
	return m, err
}

func writeMails(cfg config.Config, transport mail.Transport, proc process) (*mail.Mailer, error) {
	m, err := mail.New(mailConfig(cfg), transport, proc.now)
	if err != nil && cfg.MailTemplatesDir != "" {
		err = config.Errors{{Name: "MAIL_TEMPLATES_DIR", Wrong: cfg.MailTemplatesDir + ": " + err.Error(), Allowed: "a folder of templates, such as `coffeeshop mails init` writes"}}
	}
	return m, err
}

func mailConfig(cfg config.Config) mail.Config {
	c := mail.Config{AppName: cfg.AppName, From: cfg.EmailFrom, ReplyTo: cfg.EmailReplyTo, Links: cfg.Links()}
	if cfg.MailTemplatesDir != "" {
		c.Templates = os.DirFS(cfg.MailTemplatesDir)
	}
	return c
}

// reader shows the mailbox to the HTTP side, which does not know it.
type reader struct{ box *mailbox.Mailbox }

func (r reader) List(ctx context.Context) ([]httpapi.Mail, error) {
	stored, err := r.box.List(ctx)
	list := make([]httpapi.Mail, len(stored))
	for i, m := range stored {
		m.Text, m.HTML = "", ""
		list[i] = httpapi.Mail(m)
	}
	return list, err
}

func (r reader) Read(ctx context.Context, name string) (httpapi.Mail, error) {
	m, err := r.box.Read(ctx, name)
	return httpapi.Mail(m), err
}
