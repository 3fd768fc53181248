package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coffeeshop/domain"
)

const secret = "0123456789abcdef0123456789abcdef"

// live is the least that production needs.
var live = map[string]string{"APP_ENV": "production", "SECRET_KEY": secret, "EMAIL_HOST": "mail.example", "EMAIL_FROM": "a@b.example"}

func with(base map[string]string, pairs ...string) map[string]string {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]string{}
	}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

func TestLoad_DefaultsNeedNothing(t *testing.T) {
	t.Parallel()
	cfg, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		HTTPAddr: "127.0.0.1:8000", PublicURL: "/", AppName: "Coffee Shop", AppEnv: Development, DataDir: "./data", DBPort: 5432, DBSSLMode: "prefer", DBPooler: "none",
		AccessMinutes: 30, RefreshMinutes: 1440, RefreshGrace: 10, SessionMaxDays: 30, SessionMaxPerUser: 20, BcryptCost: 12,
		EmailPort: 587, EmailTLS: "starttls", EmailFrom: mailboxFrom, MailboxDir: "data/mailbox", JWTIssuer: "coffee-shop-api", JWTAudience: "coffee-shop-users",
		AutoMigrate: true, RunJobs: true, ShutdownTime: 20, AuditRetentionDays: 400, RateLimits: "on",
		LimitLoginAccountNetwork: domain.Budget{Burst: 10, Interval: 90 * time.Second},
		LimitLoginNetwork:        domain.Budget{Burst: 100, Interval: 36 * time.Second},
		LimitLoginAccount:        domain.Budget{Burst: 100, Interval: 864 * time.Second},
		LimitSuccessfulLogins:    domain.Budget{Burst: 60, Interval: time.Minute},
		LimitCodesAddress:        domain.Budget{Burst: 25, Interval: 3456 * time.Second},
		LimitCodesNetwork:        domain.Budget{Burst: 60, Interval: time.Minute},
		LimitMailsAddress:        domain.Budget{Burst: 10, Interval: 30 * time.Minute},
		LimitMailsNetwork:        domain.Budget{Burst: 60, Interval: time.Minute},
		LimitSignUpsNetwork:      domain.Budget{Burst: 30, Interval: 2 * time.Minute},
		LimitInvitesAdmin:        domain.Budget{Burst: 100, Interval: 36 * time.Second},
	}
	if cfg != want {
		t.Errorf("got %+v", cfg)
	}
	if cfg.SQLitePath() != "data/coffeeshop.db" || !cfg.PostgresURL().IsZero() || !cfg.UsesMailbox() || !cfg.ShowsMailbox() {
		t.Errorf("the database or the mailbox is not the embedded one: %+v", cfg)
	}
	if s := cfg.Settings(); s.Sessions != (domain.SessionLimits{Access: 30 * time.Minute, Refresh: 24 * time.Hour, Session: 720 * time.Hour, Grace: 10 * time.Second, PerUser: 20}) ||
		!s.RateLimits || s.RevealDuplicates {
		t.Errorf("settings %+v", s)
	}
	if empty, err := Load(map[string]string{"HTTP_ADDR": "", "BCRYPT_COST": "", "DATABASE_URL": "", "SECRETF_KEY": ""}); err != nil || empty != want {
		t.Errorf("empty values do not count as absent: %v", err)
	}
}

func TestLoad_TakesRightValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ map[string]string
		got     func(Config) any
		want    any
	}{
		{with(nil, "HTTP_ADDR=:80"), func(c Config) any { return c.HTTPAddr }, ":80"},
		{with(nil, "HTTP_ADDR=[::1]:0"), func(c Config) any { return c.Loopback() }, true},
		{with(nil, "HTTP_ADDR=localhost:1"), func(c Config) any { return c.Loopback() }, true},
		{with(nil, "HTTP_ADDR=:1"), func(c Config) any { return c.ShowsMailbox() }, false},
		{with(nil, "HTTP_ADDR=10.0.0.1:1"), func(c Config) any { return c.ShowsMailbox() }, false},
		{live, func(c Config) any { return c.Production() }, true},
		{live, func(c Config) any { return c.AutoMigrate }, false},
		{live, func(c Config) any { return c.ShutdownDelay }, 5},
		{with(live, "SHUTDOWN_DELAY_SECONDS=0"), func(c Config) any { return c.ShutdownDelay }, 0},
		{with(nil), func(c Config) any { return c.ShutdownDelay }, 0},
		{live, func(c Config) any { return c.ShowsMailbox() }, false},
		{with(live, "AUTO_MIGRATE=true"), func(c Config) any { return c.AutoMigrate }, true},
		{with(live, "BCRYPT_COST=10"), func(c Config) any { return c.BcryptCost }, 10},
		{with(live, "SECRET_KEY=", "SECRET_KEY_GENERATE=true"), func(c Config) any { return c.SecretKey.IsZero() }, true},
		{with(nil, "AUTO_MIGRATE=false"), func(c Config) any { return c.AutoMigrate }, false},
		{with(nil, "DEBUG=True"), func(c Config) any { return c.Debug }, true},
		{with(nil, "DATA_DIR=/srv/x"), func(c Config) any { return c.SQLitePath() + " " + c.MailboxDir }, "/srv/x/coffeeshop.db /srv/x/mailbox"},
		{with(nil, "MAILBOX_DIR=/m"), func(c Config) any { return c.MailboxDir }, "/m"},
		{with(nil, "SECRET_KEY="+secret), func(c Config) any { return c.SecretKey.Reveal() }, secret},
		{with(nil, "SECRET_KEY="+secret, "SECRETF_KEY=x"), func(c Config) any { return c.SecretKey.Reveal() }, secret},
		{with(nil, "SECRET_KEY_PREVIOUS="+secret), func(c Config) any { return c.SecretKeyPrevious.Reveal() }, secret},
		{with(nil, "ACCESS_TOKEN_EXPIRE_MINUTES=5"), func(c Config) any { return c.Settings().Sessions.Access }, 5 * time.Minute},
		{with(nil, "REFRESH_TOKEN_EXPIRE_MINUTES=60"), func(c Config) any { return c.Settings().Sessions.Refresh }, time.Hour},
		{with(nil, "REFRESH_GRACE_SECONDS=0"), func(c Config) any { return c.Settings().Sessions.Grace }, time.Duration(0)},
		{with(nil, "SESSION_MAX_DAYS=1"), func(c Config) any { return c.Settings().Sessions.Session }, 24 * time.Hour},
		{with(nil, "SESSION_MAX_PER_USER=1"), func(c Config) any { return c.Settings().Sessions.PerUser }, 1},
		{with(nil, "BCRYPT_COST=4"), func(c Config) any { return c.BcryptCost }, 4},
		{with(nil, "HASH_QUEUE=7"), func(c Config) any { return c.HashQueue }, 7},
		{with(nil, "EMAIL_HOST=m.example", "EMAIL_HOST_USER=a@m.example", "EMAIL_HOST_PASSWORD=p"), func(c Config) any { return c.EmailFrom }, "a@m.example"},
		{with(live, "EMAIL_PORT=25", "EMAIL_TLS=none"), func(c Config) any { return c.EmailTLS }, "none"},
		{with(nil, "EMAIL_FROM=Ann <a@b.example>"), func(c Config) any { return c.EmailFrom }, "Ann <a@b.example>"},
		{with(nil, "ADMIN_EMAIL=a@b.example", "ADMIN_PASSWORD=12345678"), func(c Config) any { return c.AdminPassword.Reveal() }, "12345678"},
		{with(live, "PPROF=true", "ADMIN_ADDR=:1"), func(c Config) any { return [2]any{c.PProf, c.AdminAddr} }, [2]any{true, ":1"}},
		{with(nil, "RUN_JOBS=false"), func(c Config) any { return c.RunJobs }, false},
		{with(nil, "RATE_LIMITS=off"), func(c Config) any { return c.Settings().RateLimits }, false},
		{with(nil, "JWT_KEYS_DIR=/srv/keys"), func(c Config) any { return c.JWTKeysDir }, "/srv/keys"},
		{with(nil, "SIGNUP_REVEALS_DUPLICATES=true"), func(c Config) any { return c.Settings().RevealDuplicates }, true},
		{with(nil, "TRUSTED_PROXIES= 10.1.2.3/8,192.0.2.1 , ::ffff:192.0.2.2, ::ffff:198.51.100.0/120,fd00::1,fd00::/8,"),
			func(c Config) any { return fmt.Sprint(c.Proxies()) },
			"[10.0.0.0/8 192.0.2.1/32 192.0.2.2/32 198.51.100.0/24 fd00::1/128 fd00::/8]"},
		{with(nil, "LIMIT_LOGIN_ACCOUNT_NETWORK=1/1s"), func(c Config) any { return c.Settings().Budgets.LoginOfAccountFromNetwork }, domain.Budget{Burst: 1, Interval: time.Second}},
		{with(nil, "LIMIT_LOGIN_NETWORK=1000000/1s"), func(c Config) any { return c.Settings().Budgets.LoginFromNetwork }, domain.Budget{Burst: 1_000_000, Interval: time.Microsecond}},
		{with(nil, "LIMIT_LOGIN_ACCOUNT=1/8760h"), func(c Config) any { return c.Settings().Budgets.LoginOfAccount }, domain.Budget{Burst: 1, Interval: 8760 * time.Hour}},
		{with(nil, "LIMIT_CODES_ADDRESS=2/1h30m"), func(c Config) any { return c.Settings().Budgets.CodesOfAddress }, domain.Budget{Burst: 2, Interval: 45 * time.Minute}},
		{with(nil, "LIMIT_CODES_NETWORK=3/1m"), func(c Config) any { return c.Settings().Budgets.CodesFromNetwork }, domain.Budget{Burst: 3, Interval: 20 * time.Second}},
		{with(nil, "LIMIT_MAILS_ADDRESS=4/1m"), func(c Config) any { return c.Settings().Budgets.MailsToAddress }, domain.Budget{Burst: 4, Interval: 15 * time.Second}},
		{with(nil, "LIMIT_MAILS_NETWORK=6/1m"), func(c Config) any { return c.Settings().Budgets.MailsFromNetwork }, domain.Budget{Burst: 6, Interval: 10 * time.Second}},
		{with(nil, "LIMIT_SUCCESSFUL_LOGINS=2/1m"), func(c Config) any { return c.Settings().Budgets.SuccessfulLogins }, domain.Budget{Burst: 2, Interval: 30 * time.Second}},
		{with(nil, "CORS_ORIGINS=https://a.example , http://localhost:5173,"), func(c Config) any { return strings.Join(c.Origins(), " ") }, "https://a.example http://localhost:5173"},
		{with(nil, "CORS_ORIGINS=*"), func(c Config) any { return strings.Join(c.Origins(), " ") }, "*"},
		{with(nil, "APP_NAME="+strings.Repeat("я", 60)), func(c Config) any { return c.AppName }, strings.Repeat("я", 60)},
		{with(nil, "APP_NAME=Bücher & Co"), func(c Config) any { return c.AppName }, "Bücher & Co"},
		{with(nil, "LINK_VERIFY_URL=https://a.example/v?x=1", "LINK_RESET_URL=http://localhost:5173/r", "LINK_EMAIL_URL=http://[::1]/e", "LINK_INVITE_URL=https://a.example/i"),
			func(c Config) any { return fmt.Sprint(c.Links()) }, "map[change_email:http://[::1]/e invitation:https://a.example/i reset_password:http://localhost:5173/r verify_email:https://a.example/v?x=1]"},
		{with(nil, "EMAIL_REPLY_TO=support@example.com", "MAIL_TEMPLATES_DIR=t"), func(c Config) any { return c.EmailReplyTo + c.MailTemplatesDir }, "support@example.comt"},
		{with(nil, "PUBLIC_URL=https://x.example/auth/"), func(c Config) any { return c.PublicURL }, "https://x.example/auth/"},
		{with(nil, "AUDIT_RETENTION_DAYS=7"), func(c Config) any { return c.Settings().AuditRetention }, 7 * 24 * time.Hour},
		{with(nil, "LIMIT_SIGNUPS_NETWORK=5/1m"), func(c Config) any { return c.Settings().Budgets.SignUpsFromNetwork }, domain.Budget{Burst: 5, Interval: 12 * time.Second}},
		{with(nil, "DATABASE_URL=postgresql://u:p@h/d"), func(c Config) any { return c.PostgresURL().Reveal() + c.SQLitePath() }, "postgresql://u:p@h/d"},
		{with(nil, "DATABASE_URL=postgres://u:p@h:1/d?sslmode=disable"), func(c Config) any { return c.Database() }, "PostgreSQL, h:1/d"},
		{with(nil, "DB_HOST=db", "DB_USER=u", "DB_NAME=n"), func(c Config) any { return c.PostgresURL().Reveal() }, "postgres://u@db:5432/n?sslmode=prefer"},
		{with(nil, "DB_HOST=::1", "DB_PORT=1", "DB_USER=u/@:", "DB_PASS=@/?#%: x", "DB_NAME=a/b", "DB_SSLMODE=require"),
			func(c Config) any { return c.PostgresURL().Reveal() }, "postgres://u%2F%40%3A:%40%2F%3F%23%25%3A%20x@[::1]:1/a/b?sslmode=require"},
		{with(nil, "DB_HOST=/run/pg", "DB_USER=u", "DB_NAME=n"), func(c Config) any { return c.PostgresURL().Reveal() + " " + c.Database() },
			"postgres://u@/n?host=%2Frun%2Fpg&port=5432&sslmode=prefer PostgreSQL, /run/pg/n"},
	} {
		cfg, err := Load(c.environ)
		if err != nil {
			t.Errorf("%v: %v", c.environ, err)
		} else if got := c.got(cfg); got != c.want {
			t.Errorf("%v: got %v, want %v", c.environ, got, c.want)
		}
	}
}

func TestLoad_NamesEachWrongValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ map[string]string
		want    string // the beginning of the only line
	}{
		{with(nil, "HTTP_ADDR=8000"), `HTTP_ADDR: "8000" is not an address to listen on; allowed: host:port`},
		{with(nil, "HTTP_ADDR=localhost:http"), `HTTP_ADDR: `},
		{with(nil, "HTTP_ADDR=:65536"), `HTTP_ADDR: `},
		{with(nil, "ADMIN_ADDR=9090"), `ADMIN_ADDR: "9090" is not an address to listen on; allowed: host:port`},
		{with(nil, "PPROF=on"), `PPROF: "on" is neither true nor false`},
		{with(nil, "APP_ENV=prod"), `APP_ENV: "prod" is none of the values; allowed: development, production`},
		{with(nil, "DEBUG=perhaps"), `DEBUG: "perhaps" is neither true nor false; allowed: true or false`},
		{with(nil, "DATABASE_URL=mysql://u:sesame@h/d"), `DATABASE_URL: is not the URL of a PostgreSQL database; allowed: postgres://`},
		{with(nil, "DATABASE_URL=postgres://u:sesame%zz@h/d"), `DATABASE_URL: is not a URL`},
		{with(nil, "DATABASE_URL=postgres:///d"), `DATABASE_URL: names no host`},
		{with(nil, "DATABASE_URL=postgres://u:sesame@h"), `DATABASE_URL: names no database`},
		{with(nil, "DATABASE_URL=postgres://u:sesame@h/d", "DB_HOST=h"), `DATABASE_URL: is set beside DB_ variables; allowed: either`},
		{with(nil, "DB_USER=u", "DB_NAME=n"), `DB_HOST: is missing`},
		{with(nil, "DB_HOST=h", "DB_NAME=n"), `DB_USER: is missing`},
		{with(nil, "DB_HOST=h", "DB_USER=n"), `DB_NAME: is missing`},
		{with(nil, "DB_HOST=h/x?y", "DB_USER=u", "DB_NAME=n"), `DB_HOST: "h/x?y" is not a host`},
		{with(nil, "DB_HOST=h", "DB_USER=u", "DB_NAME=n", "DB_PORT=0"), `DB_PORT: 0 is out of range; allowed: 1 to 65535`},
		{with(nil, "DB_HOST=h", "DB_USER=u", "DB_NAME=n", "DB_PORT=x"), `DB_PORT: "x" is not a whole number; allowed: 1 to 65535`},
		{with(nil, "DB_HOST=h", "DB_USER=u", "DB_NAME=n", "DB_SSLMODE=on"), `DB_SSLMODE: "on" is none of the values; allowed: disable, `},
		{with(nil, "SECRET_KEY=sesame"), `SECRET_KEY: has only 6 bytes; allowed: at least 32 bytes`},
		{with(live, "SECRET_KEY="), `SECRET_KEY: is missing, which production does not take; allowed: `},
		{with(live, "SECRET_KEY="+strings.Repeat("changeme", 5)), `SECRET_KEY: repeats itself`},
		{with(nil, "JWT_AUDIENCE= "), `JWT_AUDIENCE: is blank`},
		{with(nil, "SECRET_KEY_PREVIOUS=sesame"), `SECRET_KEY_PREVIOUS: has only 6 bytes`},
		{with(nil, "SECRET_KEY_GENERATE=2"), `SECRET_KEY_GENERATE: "2" is neither`},
		{with(nil, "SECRETF_KEY=sesame"), `SECRETF_KEY: is a known misspelling`},
		{with(live, "SECRET_KEY=", "SECRETF_KEY=sesame"), `SECRETF_KEY: is a known misspelling, and SECRET_KEY is missing; allowed: the same value under the name SECRET_KEY`},
		{with(nil, "ACCESS_TOKEN_EXPIRE_MINUTES=0"), `ACCESS_TOKEN_EXPIRE_MINUTES: 0 is out of range; allowed: 1 to 1440`},
		{with(nil, "ACCESS_TOKEN_EXPIRE_MINUTES=1.5"), `ACCESS_TOKEN_EXPIRE_MINUTES: "1.5" is not a whole number`},
		{with(nil, "REFRESH_TOKEN_EXPIRE_MINUTES=20"), `REFRESH_TOKEN_EXPIRE_MINUTES: 20 is less than ACCESS_TOKEN_EXPIRE_MINUTES; allowed: 30 to 525600`},
		{with(nil, "REFRESH_GRACE_SECONDS=-1"), `REFRESH_GRACE_SECONDS: -1 is out of range`},
		{with(nil, "SESSION_MAX_DAYS=0"), `SESSION_MAX_DAYS: 0 is out of range`},
		{with(nil, "SESSION_MAX_PER_USER=0"), `SESSION_MAX_PER_USER: 0 is out of range`},
		{with(nil, "BCRYPT_COST=3"), `BCRYPT_COST: 3 is out of range; allowed: 4 to 15`},
		{with(nil, "BCRYPT_COST=16"), `BCRYPT_COST: 16 is out of range; allowed: 4 to 15`},
		{with(live, "BCRYPT_COST=9"), `BCRYPT_COST: 9 is too weak for production; allowed: 10 to 15`},
		{with(nil, "HASH_QUEUE=0"), `HASH_QUEUE: 0 is out of range`},
		{with(live, "EMAIL_HOST="), `EMAIL_HOST: is missing, which production does not take`},
		{with(live, "EMAIL_HOST=smtp://h:25"), `EMAIL_HOST: "smtp://h:25" is not a host`},
		{with(live, "EMAIL_PORT=99999"), `EMAIL_PORT: 99999 is out of range`},
		{with(live, "EMAIL_HOST_USER=u"), `EMAIL_HOST_PASSWORD: is missing beside EMAIL_HOST_USER`},
		{with(live, "EMAIL_HOST_PASSWORD=sesame"), `EMAIL_HOST_USER: is missing beside EMAIL_HOST_PASSWORD`},
		{with(live, "EMAIL_FROM="), `EMAIL_FROM: is missing beside EMAIL_HOST`},
		{with(live, "EMAIL_FROM=nobody"), `EMAIL_FROM: "nobody" is not a sender`},
		{with(live, "EMAIL_TLS=ssl"), `EMAIL_TLS: "ssl" is none of the values; allowed: starttls, tls, none`},
		{with(live, "EMAIL_TLS=none", "EMAIL_HOST_USER=u", "EMAIL_HOST_PASSWORD=sesame"), `EMAIL_TLS: none would send EMAIL_HOST_PASSWORD in clear`},
		{with(nil, "ADMIN_EMAIL=a@b.example"), `ADMIN_PASSWORD: is missing beside ADMIN_EMAIL`},
		{with(nil, "ADMIN_PASSWORD=12345678"), `ADMIN_EMAIL: is missing beside ADMIN_PASSWORD`},
		{with(nil, "ADMIN_EMAIL=ann", "ADMIN_PASSWORD=12345678"), `ADMIN_EMAIL: "ann" is not an e-mail address`},
		{with(nil, "ADMIN_EMAIL=a@b.example", "ADMIN_PASSWORD=sesame"), `ADMIN_PASSWORD: must have at least 8 characters; allowed: 8 characters to 1024 bytes`},
		{with(nil, "CORS_ORIGINS=https://app.example.com/"), `CORS_ORIGINS: "https://app.example.com/" is not an origin; allowed: origins with commas`},
		{with(nil, "CORS_ORIGINS=https://app.example.com, null"), `CORS_ORIGINS: "null" is not an origin`},
		{with(nil, "CORS_ORIGINS=https://App.example.com"), `CORS_ORIGINS: "https://App.example.com" is not an origin`},
		{with(nil, "CORS_ORIGINS=https://app.example.com:443"), `CORS_ORIGINS: `},
		{with(nil, "CORS_ORIGINS=https://кофе.example"), `CORS_ORIGINS: `},
		{with(nil, "CORS_ORIGINS=app.example.com"), `CORS_ORIGINS: `},
		{with(live, "CORS_ORIGINS=*"), `CORS_ORIGINS: * would let every page call the API, which production does not take`},
		{with(nil, "APP_NAME= "), `APP_NAME: `},
		{with(nil, "APP_NAME=a\nBcc: x"), `APP_NAME: "a\nBcc: x" is not a name; allowed: 1 to 60 characters on one line`},
		{with(nil, "APP_NAME="+strings.Repeat("я", 61)), `APP_NAME: `},
		{with(nil, "LINK_VERIFY_URL=http://app.example.com/verify"), `LINK_VERIFY_URL: "http://app.example.com/verify" is not a page that a mail may link to; allowed: an https URL`},
		{with(nil, "LINK_RESET_URL=https://app.example.com/#/reset"), `LINK_RESET_URL: `},
		{with(nil, "LINK_EMAIL_URL=javascript:alert(1)"), `LINK_EMAIL_URL: `},
		{with(nil, "LINK_EMAIL_URL=//app.example.com"), `LINK_EMAIL_URL: `},
		{with(nil, "LINK_EMAIL_URL=https://u:p@app.example.com/"), `LINK_EMAIL_URL: `},
		{with(nil, "PUBLIC_URL=https://u:p@x.example"), `PUBLIC_URL: `},
		{with(nil, "EMAIL_REPLY_TO=nobody"), `EMAIL_REPLY_TO: "nobody" is not an e-mail address`},
		{with(nil, "PUBLIC_URL=accounts.example.com"), `PUBLIC_URL: "accounts.example.com" is not the address of an API`},
		{with(nil, "PUBLIC_URL=https://x.example/?a=b"), `PUBLIC_URL: `},
		{with(nil, "AUTO_MIGRATE=x"), `AUTO_MIGRATE: "x" is neither`},
		{with(nil, "RUN_JOBS=x"), `RUN_JOBS: "x" is neither`},
		{with(nil, "SIGNUP_REVEALS_DUPLICATES=x"), `SIGNUP_REVEALS_DUPLICATES: "x" is neither true nor false`},
		{with(nil, "TRUSTED_PROXIES=10.0.0.1,proxy"), `TRUSTED_PROXIES: "proxy" is neither an address nor a network; allowed: addresses and networks`},
		{with(nil, "TRUSTED_PROXIES=10.0.0.0/33"), `TRUSTED_PROXIES: "10.0.0.0/33" is neither`},
		{with(nil, "TRUSTED_PROXIES=10.0.0.1:80"), `TRUSTED_PROXIES: "10.0.0.1:80" is neither`},
		{with(nil, "TRUSTED_PROXIES=fe80::1%eth0"), `TRUSTED_PROXIES: "fe80::1%eth0" is neither`},
		{with(nil, "TRUSTED_PROXIES=0.0.0.0/0"), `TRUSTED_PROXIES: "0.0.0.0/0" would have everybody believed`},
		{with(nil, "TRUSTED_PROXIES=::ffff:0.0.0.0/96"), `TRUSTED_PROXIES: "::ffff:0.0.0.0/96" would have everybody believed`},
		{with(nil, "LIMIT_LOGIN_NETWORK=many"), `LIMIT_LOGIN_NETWORK: "many" is not a limit; allowed: N/DURATION with N from 1 to 1000000 and DURATION from 1s to 8760h, such as 10/15m`},
		{with(nil, "LIMIT_LOGIN_NETWORK=10"), `LIMIT_LOGIN_NETWORK: "10" is not a limit`},
		{with(nil, "LIMIT_LOGIN_NETWORK=10/15"), `LIMIT_LOGIN_NETWORK: "10/15" is not a limit`},
		{with(nil, "LIMIT_LOGIN_NETWORK=10/1d"), `LIMIT_LOGIN_NETWORK: "10/1d" is not a limit`},
		{with(nil, "LIMIT_LOGIN_NETWORK=1.5/1h"), `LIMIT_LOGIN_NETWORK: "1.5/1h" is not a limit`},
		{with(nil, "LIMIT_LOGIN_NETWORK=0/1h"), `LIMIT_LOGIN_NETWORK: "0/1h" is out of range; allowed: N/DURATION`},
		{with(nil, "LIMIT_LOGIN_NETWORK=1000001/1h"), `LIMIT_LOGIN_NETWORK: "1000001/1h" is out of range`},
		{with(nil, "LIMIT_LOGIN_NETWORK=1/999ms"), `LIMIT_LOGIN_NETWORK: "1/999ms" is out of range`},
		{with(nil, "LIMIT_LOGIN_NETWORK=1/8761h"), `LIMIT_LOGIN_NETWORK: "1/8761h" is out of range`},
		{with(nil, "LIMIT_LOGIN_NETWORK=1/-1h"), `LIMIT_LOGIN_NETWORK: "1/-1h" is out of range`},
		{with(nil, "RATE_LIMITS=true"), `RATE_LIMITS: "true" is none of the values; allowed: on, off`},
	} {
		_, err := Load(c.environ)
		var errs Errors
		if !errors.As(err, &errs) || len(errs) != 1 || !strings.HasPrefix(errs[0].String(), c.want) {
			t.Errorf("%v: got %v, want %q", c.environ, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v: the value of a secret was told: %v", c.environ, err)
		}
	}
}

func TestLoad_ReportsAllFaultsTogether(t *testing.T) {
	t.Parallel()
	_, err := Load(map[string]string{"APP_ENV": "production", "HTTP_ADDR": "x", "BCRYPT_COST": "y", "RUN_JOBS": "z", "ADMIN_EMAIL": "a@b.example"})
	var errs Errors
	if !errors.As(err, &errs) {
		t.Fatal(err)
	}
	var names []string
	for _, f := range errs {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	if want := []string{"ADMIN_PASSWORD", "BCRYPT_COST", "EMAIL_HOST", "HTTP_ADDR", "RUN_JOBS", "SECRET_KEY"}; !slices.Equal(names, want) {
		t.Errorf("faults of %v, want %v", names, want)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 1+len(errs) {
		t.Errorf("not one line for each: %q", lines)
	}
}

func TestLoad_SecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg, err := Load(map[string]string{
		"SECRET_KEY_FILE":          file("key", secret+"\n\n"),
		"SECRET_KEY_PREVIOUS_FILE": file("previous", secret+"\r\n"),
		"DB_PASS_FILE":             file("pass", " p\n"), "DB_HOST": "h", "DB_USER": "u", "DB_NAME": "n",
		"EMAIL_HOST": "h", "EMAIL_HOST_USER": "u@h.example", "EMAIL_HOST_PASSWORD_FILE": file("mail", "m"),
		"ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD_FILE": file("admin", "12345678"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want string }{
		{cfg.SecretKey.Reveal(), secret + "\n"}, {cfg.SecretKeyPrevious.Reveal(), secret}, {cfg.DBPass.Reveal(), " p"},
		{cfg.EmailHostPassword.Reveal(), "m"}, {cfg.AdminPassword.Reveal(), "12345678"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if cfg, err := Load(map[string]string{"DATABASE_URL_FILE": file("url", "postgres://u@h/d\n")}); err != nil || cfg.PostgresURL().Reveal() != "postgres://u@h/d" {
		t.Errorf("DATABASE_URL_FILE: %v", err)
	}

	for _, c := range []struct {
		environ map[string]string
		want    string
	}{
		{with(nil, "SECRET_KEY_FILE="+file("a", secret), "SECRET_KEY="+secret), "SECRET_KEY_FILE: is set beside SECRET_KEY; allowed: only one of the two"},
		{with(live, "SECRET_KEY=", "SECRET_KEY_FILE="+dir+"/none"), "SECRET_KEY_FILE: cannot be read ("},
		{with(nil, "DATABASE_URL_FILE="+dir+"/none"), "DATABASE_URL_FILE: cannot be read ("},
		{with(nil, "DATABASE_URL_FILE="+dir), "DATABASE_URL_FILE: cannot be read ("},
		{with(nil, "SECRET_KEY_FILE="+file("empty", "\n")), "SECRET_KEY_FILE: names an empty file"},
		{with(nil, "SECRET_KEY_FILE="+file("huge", strings.Repeat("x", 1<<17))), "SECRET_KEY_FILE: names a file of more than 65536 bytes"},
		{with(nil, "SECRET_KEY_FILE="+file("short", "sesame")), "SECRET_KEY: has only 6 bytes"},
	} {
		_, err := Load(c.environ)
		var errs Errors
		if !errors.As(err, &errs) || len(errs) != 1 || !strings.HasPrefix(errs[0].String(), c.want) {
			t.Errorf("%v: got %v, want %q", c.environ, err, c.want)
		}
	}
}

// documented returns the variables of .env.example with their defaults.
func documented(t *testing.T) (text string, defaults map[string]string) {
	t.Helper()
	file, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	defaults = map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$`).FindAllStringSubmatch(string(file), -1) {
		if _, twice := defaults[match[1]]; twice {
			t.Errorf("%s is there twice", match[1])
		}
		defaults[match[1]] = match[2]
	}
	return string(file), defaults
}

func TestExample_NamesEveryVariableWithItsDefaultAndMeaning(t *testing.T) {
	t.Parallel()
	text, defaults := documented(t)
	explained := meanings(text)
	known := map[string]string{}
	for _, v := range variables() {
		known[v.name] = v.standard
		if v.secret {
			known[v.name+fileSuffix] = ""
		}
	}
	for name, value := range known {
		if got, ok := defaults[name]; !ok || got != value {
			t.Errorf("%s: documented %v with the default %q, want %q", name, ok, got, value)
		}
		if !strings.HasSuffix(explained[name], ".") && name != "DATABASE_URL" && name != "DATABASE_URL_FILE" {
			t.Errorf("%s means %q", name, explained[name])
		}
	}
	for name := range defaults {
		if _, ok := known[name]; !ok {
			t.Errorf("%s means nothing", name)
		}
	}
	if strings.Contains(text, "\nSECRET") {
		t.Error("a copy of the example sets a secret")
	}
}

func TestREADME_NamesEveryVariableWithItsDefault(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\| (`+"`[A-Z0-9_]+`.*?"+`) \| (.*?) \|`).FindAllStringSubmatch(string(file), -1) {
		for _, name := range regexp.MustCompile("[A-Z][A-Z0-9_]+").FindAllString(match[1], -1) {
			rows[name] = match[2]
		}
	}
	for _, v := range variables() {
		row, ok := rows[v.name]
		if alone := strings.Count(row, ","); !ok || alone == 0 && v.standard != "" && !strings.Contains(row, v.standard) && !strings.Contains(row, "none") {
			t.Errorf("%s: documented %v with %q, want %q", v.name, ok, row, v.standard)
		}
		delete(rows, v.name)
	}
	for name := range rows {
		t.Errorf("%s means nothing", name)
	}
}

func TestDescribe_ExplainsEveryVariableWithoutASecret(t *testing.T) {
	t.Parallel()
	text, _ := documented(t)
	all, err := Describe(text, with(live, "DATABASE_URL=postgres://u:p4ss@h:5/d?sslpassword=w0rd&sslmode=require", "BCRYPT_COST=11",
		"EMAIL_HOST_USER=u", "EMAIL_HOST_PASSWORD=h0st", "ADMIN_EMAIL=a@b.example", "ADMIN_PASSWORD=adm1n123"))
	if err != nil || len(all) != len(variables()) {
		t.Fatalf("%d settings, %v", len(all), err)
	}
	byName := map[string]Setting{}
	for _, s := range all {
		byName[s.Name] = s
		if s.Meaning == "" {
			t.Errorf("%s is not explained", s.Name)
		}
		for _, hidden := range []string{secret, "p4ss", "w0rd", "h0st", "adm1n123"} {
			if strings.Contains(fmt.Sprint(s), hidden) {
				t.Errorf("%s shows %s", s.Name, s.Value)
			}
		}
	}
	for name, want := range map[string][2]string{
		"DATABASE_URL": {"postgres://u:[redacted]@h:5/d?sslmode=require&sslpassword=[redacted]", ""},
		"BCRYPT_COST":  {"11", "12"}, "HTTP_ADDR": {"127.0.0.1:8000", "127.0.0.1:8000"}, "SECRET_KEY": {"[redacted]", ""},
		"SECRET_KEY_PREVIOUS": {"", ""}, "LIMIT_CODES_ADDRESS": {"25/24h", "25/24h"}, "AUTO_MIGRATE": {"false", "false"},
		"MAILBOX_DIR": {"data/mailbox", "data/mailbox"},
	} {
		if got := byName[name]; got.Value != want[0] || got.Default != want[1] {
			t.Errorf("%s: %+v, want %q", name, got, want)
		}
	}
	all, err = Describe(text, map[string]string{"BCRYPT_COST": "many", "DATABASE_URL": "host=h password=p4ss"})
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 2 || len(all) != len(variables()) || strings.Contains(fmt.Sprint(all, err), "p4ss") {
		t.Errorf("wrong values: %v, %v", all, err)
	}
}

func TestEnviron_WarnsOfNamesThatLookLikeMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("BCRYPT_COST=11\nBCRYPT_ROUNDS=12\nSECRET_KEY_FILE=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BCRYPT_COTS", "9") // two letters apart
	t.Setenv("HTP_ADDR", ":1")
	t.Setenv("DB_PORTS", "1")
	t.Setenv("RUN_JOB5", "1")
	environ, warnings, err := Environ()
	if err != nil || environ["BCRYPT_COST"] != "11" {
		t.Fatalf("%v, %v", environ, err)
	}
	want := []string{"BCRYPT_ROUNDS in .env: nothing reads it", "DB_PORTS in the environment: nothing reads it; DB_PORT is meant perhaps",
		"HTP_ADDR in the environment: nothing reads it; HTTP_ADDR is meant perhaps", "RUN_JOB5 in the environment: nothing reads it; RUN_JOBS is meant perhaps"}
	if !slices.Equal(warnings, want) {
		t.Errorf("%q", warnings)
	}
}
