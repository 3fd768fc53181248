package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"coffeeshop/domain"
)

// SecretMinBytes is the length of the shortest secret: 256 bits.
const SecretMinBytes = 32

// secretMinDistinct is how many different bytes a secret has at least in production: one that was drawn has more.
const secretMinDistinct = 10

func distinct(text string) int {
	seen := map[byte]bool{}
	for i := range len(text) {
		seen[text[i]] = true
	}
	return len(seen)
}

// mailboxFrom is the sender of the mails in the mailbox.
const mailboxFrom = "no-reply@coffeeshop.example"

// check refuses wrong values, and fills in the defaults that depend on other values.
func (l *loader) check() {
	l.checkAllowed()
	l.checkAddresses()
	l.checkProxies()
	l.checkBrowsers()
	l.checkNames()
	l.checkDatabase()
	l.checkSecrets()
	l.checkLifetimes()
	l.checkMail()
	l.checkAdmin()
	if l.cfg.Production() && l.cfg.BcryptCost < 10 {
		l.refuse("BCRYPT_COST", fmt.Sprintf("%d is too weak for production", l.cfg.BcryptCost), "10 to 15")
	}
}

func (l *loader) checkAllowed() {
	for _, v := range variables() {
		value := reflect.ValueOf(l.cfg).FieldByName(v.field)
		low, high, isRange := strings.Cut(v.allowed, " to ")
		switch {
		case !l.isGiven(v.name):
		case value.Kind() == reflect.Int && isRange:
			least, _ := strconv.ParseInt(low, 10, 64)
			most, _ := strconv.ParseInt(high, 10, 64)
			if n := value.Int(); n < least || n > most {
				l.refuse(v.name, fmt.Sprintf("%d is out of range", n), v.allowed)
			}
		case value.Kind() == reflect.String && v.allowed != "" && !slices.Contains(strings.Split(v.allowed, ", "), value.String()):
			l.refuse(v.name, fmt.Sprintf("%q is none of the values", value), v.allowed)
		}
	}
}

func (l *loader) checkAddresses() {
	for _, v := range []struct{ name, addr, such string }{
		{"HTTP_ADDR", l.cfg.HTTPAddr, "127.0.0.1:8000"}, {"ADMIN_ADDR", l.cfg.AdminAddr, "127.0.0.1:9090"},
	} {
		if v.addr == "" {
			continue
		}
		_, port, err := net.SplitHostPort(v.addr)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			l.refuse(v.name, fmt.Sprintf("%q is not an address to listen on", v.addr), "host:port or :port, such as "+v.such)
		}
	}
}

func (l *loader) checkProxies() {
	if _, err := parseNetworks(l.cfg.TrustedProxies); err != nil {
		l.refuse("TRUSTED_PROXIES", err.Error(), "addresses and networks with commas between them, such as 10.0.0.7, 172.16.0.0/12, fd00::/8")
	}
}

func (l *loader) checkBrowsers() {
	for _, origin := range l.cfg.Origins() {
		switch {
		case origin == "*" && l.cfg.Production():
			l.refuse("CORS_ORIGINS", "* would let every page call the API, which production does not take", originsAllowed)
		case origin != "*" && !isOrigin(origin):
			l.refuse("CORS_ORIGINS", fmt.Sprintf("%q is not an origin", origin), originsAllowed)
		}
	}
	if u, err := url.Parse(l.cfg.PublicURL); l.cfg.PublicURL != "/" && (err != nil || !isWeb(u) || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		l.refuse("PUBLIC_URL", fmt.Sprintf("%q is not the address of an API", l.cfg.PublicURL), "a URL such as https://accounts.example.com, or /")
	}
}

// appNameMax is the longest name that fits a subject and the list of an authenticator app.
const appNameMax = 60

// checkNames looks at what mails show and link to.
func (l *loader) checkNames() {
	name := l.cfg.AppName
	if strings.TrimSpace(name) != name || name == "" || utf8.RuneCountInString(name) > appNameMax || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		l.refuse("APP_NAME", fmt.Sprintf("%q is not a name", name), fmt.Sprintf("1 to %d characters on one line", appNameMax))
	}
	for _, v := range []struct{ name, page string }{
		{"LINK_VERIFY_URL", l.cfg.LinkVerifyURL}, {"LINK_RESET_URL", l.cfg.LinkResetURL}, {"LINK_EMAIL_URL", l.cfg.LinkEmailURL}, {"LINK_INVITE_URL", l.cfg.LinkInviteURL},
	} {
		u, err := url.Parse(v.page)
		if v.page != "" && (err != nil || !isWeb(u) || u.User != nil || strings.Contains(v.page, "#") || u.Scheme == "http" && !isThisMachine(u.Hostname())) {
			l.refuse(v.name, fmt.Sprintf("%q is not a page that a mail may link to", v.page), "an https URL without a fragment, such as https://app.example.com/verify; http for this machine only")
		}
	}
	if _, err := domain.ParseEmail(l.cfg.EmailReplyTo); l.cfg.EmailReplyTo != "" && err != nil {
		l.refuse("EMAIL_REPLY_TO", fmt.Sprintf("%q is not an e-mail address", l.cfg.EmailReplyTo), "an address, such as support@example.com")
	}
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const originsAllowed = "origins with commas between them, as browsers send them, such as https://app.example.com, http://localhost:5173; * in development"

// isOrigin reports whether text is an origin as browsers write it (RFC 6454 §6.2): in lower case, and without a port that
// goes without saying. null, the origin of sandboxed pages and of files, is none.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !isWeb(u) || strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		return false
	}
	usual := map[string]string{"https": "443", "http": "80"}
	return u.Scheme+"://"+strings.ToLower(u.Host) == text && u.Port() != usual[u.Scheme]
}

func isWeb(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != ""
}

func (l *loader) checkDatabase() {
	parts := []string{"DB_HOST", "DB_PORT", "DB_USER", "DB_PASS", "DB_NAME", "DB_SSLMODE"}
	anyPart := false
	for _, name := range parts {
		anyPart = anyPart || l.isGiven(name)
	}
	if l.isGiven("DATABASE_URL") {
		if anyPart {
			l.refuse("DATABASE_URL", "is set beside DB_ variables", "either DATABASE_URL or "+strings.Join(parts, ", "))
		}
		l.checkDatabaseURL()
		return
	}
	if !anyPart || l.refused["DATABASE_URL"] {
		return
	}
	for _, name := range []string{"DB_HOST", "DB_USER", "DB_NAME"} {
		if !l.isGiven(name) {
			l.refuse(name, "is missing beside the other DB_ variables", "DB_HOST, DB_USER and DB_NAME together, or none of them for SQLite")
		}
	}
	if strings.ContainsAny(l.cfg.DBHost, " @?#") || strings.Contains(strings.TrimPrefix(l.cfg.DBHost, "/"), "://") {
		l.refuse("DB_HOST", fmt.Sprintf("%q is not a host", l.cfg.DBHost), "a host name, an IP address, or the folder of a Unix socket")
	}
}

func (l *loader) checkDatabaseURL() {
	const allowed = "postgres://user:password@host:port/name?sslmode=..., special characters of the password percent-encoded"
	u, err := url.Parse(l.cfg.DatabaseURL.Reveal()) // its error quotes the value
	switch {
	case err != nil:
		l.refuse("DATABASE_URL", "is not a URL", allowed)
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		l.refuse("DATABASE_URL", "is not the URL of a PostgreSQL database", allowed)
	case u.Host == "" && u.Query().Get("host") == "":
		l.refuse("DATABASE_URL", "names no host", allowed)
	case strings.Trim(u.Path, "/") == "" && u.Query().Get("dbname") == "":
		l.refuse("DATABASE_URL", "names no database", allowed)
	}
}

func (l *loader) checkSecrets() {
	allowed := fmt.Sprintf("at least %d bytes, such as the output of: openssl rand -base64 48", SecretMinBytes)
	for _, v := range []struct {
		name   string
		secret domain.Secret
	}{{"SECRET_KEY", l.cfg.SecretKey}, {"SECRET_KEY_PREVIOUS", l.cfg.SecretKeyPrevious}} {
		if n := len(v.secret.Reveal()); n > 0 && n < SecretMinBytes {
			l.refuse(v.name, fmt.Sprintf("has only %d bytes", n), allowed)
		}
	}
	if l.isGiven("SECRET_KEY") {
		if l.cfg.Production() && distinct(l.cfg.SecretKey.Reveal()) < secretMinDistinct {
			l.refuse("SECRET_KEY", "repeats itself: whoever guesses it can sign tokens and read codes", allowed)
		}
		return
	}
	if l.isGiven("SECRETF_KEY") {
		l.refuse("SECRETF_KEY", "is a known misspelling, and SECRET_KEY is missing", "the same value under the name SECRET_KEY")
		return
	}
	if l.cfg.Production() && !l.cfg.SecretKeyGenerate {
		l.refuse("SECRET_KEY", "is missing, which production does not take", allowed+
			"; SECRET_KEY_FILE; or SECRET_KEY_GENERATE=true, which makes one and keeps it under DATA_DIR")
	}
}

func (l *loader) checkLifetimes() {
	c := l.cfg
	for _, v := range []struct{ name, text string }{{"JWT_ISSUER", c.JWTIssuer}, {"JWT_AUDIENCE", c.JWTAudience}} {
		if strings.TrimSpace(v.text) == "" {
			l.refuse(v.name, "is blank", "a name of this service")
		}
	}
	if c.RefreshMinutes < c.AccessMinutes {
		l.refuse("REFRESH_TOKEN_EXPIRE_MINUTES", fmt.Sprintf("%d is less than ACCESS_TOKEN_EXPIRE_MINUTES", c.RefreshMinutes),
			fmt.Sprintf("%d to 525600", c.AccessMinutes))
	}
}

func (l *loader) checkMail() {
	c := &l.cfg
	if c.MailboxDir == "" {
		c.MailboxDir = filepath.Join(c.DataDir, "mailbox")
	}
	if c.EmailHost == "" && c.Production() {
		l.refuse("EMAIL_HOST", "is missing, which production does not take: nobody would read the mailbox", "the name of an SMTP server")
	}
	if strings.ContainsAny(c.EmailHost, ":/@ ") && net.ParseIP(strings.Trim(c.EmailHost, "[]")) == nil {
		l.refuse("EMAIL_HOST", fmt.Sprintf("%q is not a host", c.EmailHost), "a host name or an IP address; the port goes to EMAIL_PORT")
	}
	l.checkBoth("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")
	if c.EmailTLS == "none" && c.EmailHostUser != "" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, c.EmailHost) {
		l.refuse("EMAIL_TLS", "none would send EMAIL_HOST_PASSWORD in clear to another machine", "starttls, tls")
	}
	const allowed = "an address, such as no-reply@example.com, or with a name: Coffee Shop <no-reply@example.com>"
	if c.EmailFrom == "" {
		if _, err := mail.ParseAddress(c.EmailHostUser); err == nil {
			c.EmailFrom = c.EmailHostUser
		} else if c.UsesMailbox() {
			c.EmailFrom = mailboxFrom
		} else {
			l.refuse("EMAIL_FROM", "is missing beside EMAIL_HOST", allowed)
		}
	} else if _, err := mail.ParseAddress(c.EmailFrom); err != nil {
		l.refuse("EMAIL_FROM", fmt.Sprintf("%q is not a sender", c.EmailFrom), allowed)
	}
}

// checkBoth refuses one of two variables without the other.
func (l *loader) checkBoth(a, b string) {
	if !l.isGiven(a) {
		a, b = b, a
	}
	if l.isGiven(a) && !l.isGiven(b) {
		l.refuse(b, "is missing beside "+a, "both or neither")
	}
}

func (l *loader) checkAdmin() {
	email, password := l.isGiven("ADMIN_EMAIL"), l.isGiven("ADMIN_PASSWORD")
	l.checkBoth("ADMIN_EMAIL", "ADMIN_PASSWORD")
	if _, err := domain.ParseEmail(l.cfg.AdminEmail); email && err != nil {
		l.refuse("ADMIN_EMAIL", fmt.Sprintf("%q is not an e-mail address", l.cfg.AdminEmail), "an e-mail address")
	}
	if _, err := domain.NewPassword(l.cfg.AdminPassword.Reveal()); password && err != nil {
		l.refuse("ADMIN_PASSWORD", rule(err), "8 characters to 1024 bytes of UTF-8 without control characters")
	}
}

// rule returns the rule of the domain that was broken.
func rule(err error) string {
	var e *domain.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		return e.Fields[0].Message
	}
	return err.Error()
}
