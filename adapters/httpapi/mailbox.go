package httpapi

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"coffeeshop/domain"
)

const (
	pathMailbox = "/dev/mailbox"

	// The mail's own markup sits in a sandboxed frame that inherits this policy: it can be looked at, and neither
	// run nor fetch anything.
	cspMailbox = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// Mailbox is the reading side of the development mailbox.
type Mailbox interface {
	// List returns the mails without their texts, newest first.
	List(ctx context.Context) ([]Mail, error)
	// Read returns domain.ErrNotFound for any text that is not the name of a mail.
	Read(ctx context.Context, name string) (Mail, error)
}

// Mail is a mail of the mailbox.
type Mail struct {
	Name    string    `json:"name"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"`
	Text    string    `json:"text,omitempty"`
	HTML    string    `json:"html,omitempty"`
}

//go:embed mailbox.gohtml
var mailboxSource string

// The sandboxed frame opens no links, so that the page has those that stand on lines of their own in the text.
var mailboxPages = template.Must(template.New("mailbox").Funcs(template.FuncMap{
	"lines": strings.Lines,
	"link":  func(line string) bool { return linkLine.MatchString(line) },
	"trim":  strings.TrimSpace,
}).Parse(mailboxSource))

var linkLine = regexp.MustCompile(`^\s*https?://\S+\s*$`)

// serveMailbox shows the mails to developers. Their readers can enter any account. So every request is a 404 unless it
// comes over the loopback interface, by no proxy, and for a loopback name: a web page elsewhere whose name resolves to
// this machine sends its own name.
func (a *API) serveMailbox() {
	if a.cfg.Mailbox == nil || a.cfg.Production {
		return
	}
	a.fiber.Use(pathMailbox, func(c *fiber.Ctx) error {
		if !isLocal(c) {
			return fiber.ErrNotFound
		}
		return c.Next()
	})
	a.fiber.Get(pathMailbox, a.listMails)
	a.fiber.Get(pathMailbox+"/:name", a.readMail)
}

func (a *API) listMails(c *fiber.Ctx) error {
	mails, err := a.cfg.Mailbox.List(c.UserContext())
	if err != nil {
		return err
	}
	if strings.Contains(requestOf(c.UserContext()).accept, typeJSON) {
		return c.JSON(fiber.Map{"mails": append([]Mail{}, mails...)})
	}
	return page(c, "list", mails)
}

func (a *API) readMail(c *fiber.Ctx) error {
	mail, err := a.cfg.Mailbox.Read(c.UserContext(), c.Params("name"))
	if errors.Is(err, domain.ErrNotFound) {
		return fiber.ErrNotFound
	}
	if err != nil {
		return err
	}
	if strings.Contains(requestOf(c.UserContext()).accept, typeJSON) {
		return c.JSON(mail)
	}
	return page(c, "mail", mail)
}

func page(c *fiber.Ctx, name string, data any) error {
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	c.Set(fiber.HeaderContentSecurityPolicy, cspMailbox)
	return mailboxPages.ExecuteTemplate(c, name, data)
}

// isLocal looks at the connection and the Host header themselves: Fiber's own methods believe proxies.
func isLocal(c *fiber.Ctx) bool {
	h := &c.Request().Header
	for name := range h.All() {
		if isForwarding(string(name)) {
			return false
		}
	}
	return isLoopbackAddr(c.Context().LocalAddr()) && isLoopbackAddr(c.Context().RemoteAddr()) && isLoopbackHost(string(h.Host()))
}

// isForwarding reports whether a header tells of a proxy; fasthttp writes names in one way.
func isForwarding(name string) bool {
	return name == fiber.HeaderForwarded || name == fiber.HeaderVia || strings.HasPrefix(name, "X-Forwarded")
}

func isLoopbackAddr(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
