// Package config reads, checks and describes the configuration: the environment and a .env file.
package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// StandardAdminAddr is where /metrics is, unless ADMIN_ADDR says otherwise.
const StandardAdminAddr = "127.0.0.1:9090"

// Values of APP_ENV.
const (
	Development = "development"
	Production  = "production"
)

// Config is the configuration. Its tags are the list of variables: name, default, and the allowed numbers or texts. Variables of
// the type domain.Secret can also come from a file (NAME_FILE). .env.example says what each variable means.
type Config struct {
	HTTPAddr string `env:"HTTP_ADDR" envDefault:"127.0.0.1:8000"`
	AppName  string `env:"APP_NAME" envDefault:"Coffee Shop"`
	AppEnv   string `env:"APP_ENV" envDefault:"development" oneof:"development, production"`
	Debug    bool   `env:"DEBUG" envDefault:"false"`
	DataDir  string `env:"DATA_DIR" envDefault:"./data"`

	PublicURL   string `env:"PUBLIC_URL" envDefault:"/"`
	CORSOrigins string `env:"CORS_ORIGINS"` // see Origins

	DatabaseURL domain.Secret `env:"DATABASE_URL"`
	DBHost      string        `env:"DB_HOST"`
	DBPort      int           `env:"DB_PORT" envDefault:"5432" range:"1 to 65535"`
	DBUser      string        `env:"DB_USER"`
	DBPass      domain.Secret `env:"DB_PASS"`
	DBName      string        `env:"DB_NAME"`
	DBSSLMode   string        `env:"DB_SSLMODE" envDefault:"prefer" oneof:"disable, allow, prefer, require, verify-ca, verify-full"`

	DBPooler string `env:"DB_POOLER" envDefault:"none" oneof:"none, transaction"`

	SecretKey         domain.Secret `env:"SECRET_KEY"`
	SecretKeyPrevious domain.Secret `env:"SECRET_KEY_PREVIOUS"`
	SecretKeyGenerate bool          `env:"SECRET_KEY_GENERATE" envDefault:"false"`
	JWTKeysDir        string        `env:"JWT_KEYS_DIR"` // empty: HS256
	JWTIssuer         string        `env:"JWT_ISSUER" envDefault:"coffee-shop-api"`
	JWTAudience       string        `env:"JWT_AUDIENCE" envDefault:"coffee-shop-users"`

	AccessMinutes     int `env:"ACCESS_TOKEN_EXPIRE_MINUTES" envDefault:"30" range:"1 to 1440"`
	RefreshMinutes    int `env:"REFRESH_TOKEN_EXPIRE_MINUTES" envDefault:"1440" range:"1 to 525600"`
	RefreshGrace      int `env:"REFRESH_GRACE_SECONDS" envDefault:"10" range:"0 to 300"`
	SessionMaxDays    int `env:"SESSION_MAX_DAYS" envDefault:"30" range:"1 to 3650"`
	SessionMaxPerUser int `env:"SESSION_MAX_PER_USER" envDefault:"20" range:"1 to 1000"`

	BcryptCost int `env:"BCRYPT_COST" envDefault:"12" range:"4 to 15"`
	HashQueue  int `env:"HASH_QUEUE" range:"1 to 100000"` // default: hashqueue's, which fits the machine

	EmailHost         string        `env:"EMAIL_HOST"`
	EmailPort         int           `env:"EMAIL_PORT" envDefault:"587" range:"1 to 65535"`
	EmailHostUser     string        `env:"EMAIL_HOST_USER"`
	EmailHostPassword domain.Secret `env:"EMAIL_HOST_PASSWORD"`
	EmailFrom         string        `env:"EMAIL_FROM"`
	EmailReplyTo      string        `env:"EMAIL_REPLY_TO"`
	EmailTLS          string        `env:"EMAIL_TLS" envDefault:"starttls" oneof:"starttls, tls, none"`
	MailboxDir        string        `env:"MAILBOX_DIR"`
	MailTemplatesDir  string        `env:"MAIL_TEMPLATES_DIR"`
	LinkVerifyURL     string        `env:"LINK_VERIFY_URL"`
	LinkResetURL      string        `env:"LINK_RESET_URL"`
	LinkEmailURL      string        `env:"LINK_EMAIL_URL"`
	LinkInviteURL     string        `env:"LINK_INVITE_URL"`

	AdminEmail    string        `env:"ADMIN_EMAIL"`
	AdminPassword domain.Secret `env:"ADMIN_PASSWORD"`

	ImportFrom domain.Secret `env:"IMPORT_FROM"`

	PProf     bool   `env:"PPROF" envDefault:"false"`
	AdminAddr string `env:"ADMIN_ADDR"` // default: StandardAdminAddr, if that is free

	AutoMigrate bool `env:"AUTO_MIGRATE"` // default: true in development, false in production
	RunJobs     bool `env:"RUN_JOBS" envDefault:"true"`

	ShutdownDelay int `env:"SHUTDOWN_DELAY_SECONDS" range:"0 to 300"` // default: 0 in development, 5 in production
	ShutdownTime  int `env:"SHUTDOWN_SECONDS" envDefault:"20" range:"1 to 300"`

	AuditRetentionDays int `env:"AUDIT_RETENTION_DAYS" envDefault:"400" range:"1 to 36500"`

	TrustedProxies          string `env:"TRUSTED_PROXIES"` // see Proxies
	SignUpRevealsDuplicates bool   `env:"SIGNUP_REVEALS_DUPLICATES" envDefault:"false"`
	RateLimits              string `env:"RATE_LIMITS" envDefault:"on" oneof:"on, off"`

	LimitLoginAccountNetwork domain.Budget `env:"LIMIT_LOGIN_ACCOUNT_NETWORK" envDefault:"10/15m"`
	LimitLoginNetwork        domain.Budget `env:"LIMIT_LOGIN_NETWORK" envDefault:"100/1h"`
	LimitLoginAccount        domain.Budget `env:"LIMIT_LOGIN_ACCOUNT" envDefault:"100/24h"`
	LimitSuccessfulLogins    domain.Budget `env:"LIMIT_SUCCESSFUL_LOGINS" envDefault:"60/1h"`
	LimitCodesAddress        domain.Budget `env:"LIMIT_CODES_ADDRESS" envDefault:"25/24h"`
	LimitCodesNetwork        domain.Budget `env:"LIMIT_CODES_NETWORK" envDefault:"60/1h"`
	LimitMailsAddress        domain.Budget `env:"LIMIT_MAILS_ADDRESS" envDefault:"10/5h"`
	LimitMailsNetwork        domain.Budget `env:"LIMIT_MAILS_NETWORK" envDefault:"60/1h"`
	LimitSignUpsNetwork      domain.Budget `env:"LIMIT_SIGNUPS_NETWORK" envDefault:"30/1h"`
	LimitInvitesAdmin        domain.Budget `env:"LIMIT_INVITES_ADMIN" envDefault:"100/1h"`
}

// Production reports whether the service runs in production.
func (c Config) Production() bool { return c.AppEnv == Production }

// SQLitePath is the file of the embedded database, empty where PostgreSQL is used.
func (c Config) SQLitePath() string {
	if !c.PostgresURL().IsZero() {
		return ""
	}
	return filepath.Join(c.DataDir, "coffeeshop.db")
}

// Pooled reports whether a pooler in transaction mode stands in front of PostgreSQL.
func (c Config) Pooled() bool { return c.DBPooler == "transaction" }

// PostgresURL is the connection string, zero where SQLite is used. A password is encoded, and cannot change the rest.
func (c Config) PostgresURL() domain.Secret {
	if !c.DatabaseURL.IsZero() || c.DBHost == "" {
		return c.DatabaseURL
	}
	u := url.URL{Scheme: "postgres", User: url.User(c.DBUser), Path: "/" + c.DBName}
	if !c.DBPass.IsZero() {
		u.User = url.UserPassword(c.DBUser, c.DBPass.Reveal())
	}
	query := url.Values{"sslmode": {c.DBSSLMode}}
	if strings.HasPrefix(c.DBHost, "/") { // the folder of a Unix socket
		query.Set("host", c.DBHost)
		query.Set("port", strconv.Itoa(c.DBPort))
	} else {
		u.Host = net.JoinHostPort(strings.Trim(c.DBHost, "[]"), strconv.Itoa(c.DBPort))
	}
	u.RawQuery = query.Encode()
	return domain.NewSecret(u.String())
}

// Database names the database for people, without a password.
func (c Config) Database() string {
	if path := c.SQLitePath(); path != "" {
		return "SQLite, " + path
	}
	u, err := url.Parse(c.PostgresURL().Reveal())
	if err != nil {
		return "PostgreSQL"
	}
	host := u.Host
	if host == "" {
		host = u.Query().Get("host")
	}
	return "PostgreSQL, " + host + u.Path
}

// UsesMailbox reports whether mails are kept in a folder instead of being sent.
func (c Config) UsesMailbox() bool { return c.EmailHost == "" }

// Links are the pages that mails link to, by the purpose of the mail's codes.
func (c Config) Links() map[domain.Purpose]string {
	return map[domain.Purpose]string{
		domain.PurposeVerifyEmail: c.LinkVerifyURL, domain.PurposeResetPassword: c.LinkResetURL, domain.PurposeChangeEmail: c.LinkEmailURL,
		domain.PurposeInvitation: c.LinkInviteURL,
	}
}

// Loopback reports whether only this machine can reach the listener.
func (c Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.HTTPAddr)
	if err != nil {
		return false
	}
	return isThisMachine(host)
}

// Origins are the web origins whose pages may call the API.
func (c Config) Origins() []string { return listOf(c.CORSOrigins) }

// ShowsMailbox reports whether the mailbox can be read over HTTP: its readers can enter any account.
func (c Config) ShowsMailbox() bool { return !c.Production() && c.UsesMailbox() && c.Loopback() }

// Settings are the choices that concern the use cases.
func (c Config) Settings() application.Settings {
	return application.Settings{
		Sessions: domain.SessionLimits{
			Access:  time.Duration(c.AccessMinutes) * time.Minute,
			Refresh: time.Duration(c.RefreshMinutes) * time.Minute,
			Session: time.Duration(c.SessionMaxDays) * 24 * time.Hour,
			Grace:   time.Duration(c.RefreshGrace) * time.Second,
			PerUser: c.SessionMaxPerUser,
		},
		RateLimits: c.RateLimits == "on",
		Budgets: domain.Budgets{
			LoginOfAccountFromNetwork: c.LimitLoginAccountNetwork,
			LoginFromNetwork:          c.LimitLoginNetwork,
			LoginOfAccount:            c.LimitLoginAccount,
			SuccessfulLogins:          c.LimitSuccessfulLogins,
			CodesOfAddress:            c.LimitCodesAddress,
			CodesFromNetwork:          c.LimitCodesNetwork,
			MailsToAddress:            c.LimitMailsAddress,
			MailsFromNetwork:          c.LimitMailsNetwork,
			SignUpsFromNetwork:        c.LimitSignUpsNetwork,
			InvitationsOfAdmin:        c.LimitInvitesAdmin,
		},
		AuditRetention:   time.Duration(c.AuditRetentionDays) * 24 * time.Hour,
		RevealDuplicates: c.SignUpRevealsDuplicates,
	}
}
