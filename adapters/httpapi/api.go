// Package httpapi serves the application over HTTP: Fiber carries the requests, Huma turns Go types into
// validation and the OpenAPI document. Operations live in files by resource, each beside its data types.
package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"golang.org/x/text/language"

	"coffeeshop/application"
	"coffeeshop/domain"
)

const (
	bodyLimit   = 64 << 10
	headerLimit = 8 << 10
	readLife    = 15 * time.Second // to send a whole request
	requestLife = 10 * time.Second // to work on it: Fiber does not notice a client that hangs up
	writeLife   = 30 * time.Second // counted from the request's arrival
	idleLife    = 90 * time.Second

	// methodOther replaces methods that Fiber does not know: it would answer them in plain text.
	methodOther = "OTHER"
)

// Config is the configuration of the API.
type Config struct {
	AppName        string
	Version        string
	PublicURL      string          // of the API, as clients see it; empty or /: the host that the document came from
	CORSOrigins    []string        // whose pages may call the API; * alone: any
	Locales        []domain.Locale // those that have mails; none: English
	Production     bool
	TrustedProxies []netip.Prefix                          // their X-Forwarded-For is believed
	JWKS           func() []byte                           // the public keys of access tokens, as JSON
	Mailbox        Mailbox                                 // nil: there is no /dev/mailbox
	Ready          func(ctx context.Context) error         // the answer of /readyz
	MailFails      func(ctx context.Context) (bool, error) // whether mails wait for another try
	Meter          Meter                                   // nil: nothing is counted
}

// API is the HTTP side of the application.
type API struct {
	app      *application.App
	cfg      Config
	log      *zap.Logger
	fiber    *fiber.App
	huma     huma.API
	document []byte

	operations []huma.Operation // in the order of registration, which is that of the document

	base  context.Context // of all requests
	abort context.CancelFunc

	draining atomic.Bool

	mu       sync.Mutex
	stopped  bool
	listener *unusedConns

	languages language.Matcher // of the locales
}

// New builds the API. Nothing listens before Serve.
func New(app *application.App, cfg Config, log *zap.Logger) *API {
	cfg.Locales = defaultFirst(cfg.Locales)
	a := &API{app: app, cfg: cfg, log: log, languages: matcher(cfg.Locales)}
	a.base, a.abort = context.WithCancel(context.Background())
	a.fiber = fiber.New(fiber.Config{
		AppName:                      "Coffee Shop API",
		DisableStartupMessage:        true,
		Immutable:                    true, // Huma keeps strings of the request
		CaseSensitive:                true,
		BodyLimit:                    bodyLimit,
		ReadBufferSize:               headerLimit,
		ReadTimeout:                  readLife,
		WriteTimeout:                 writeLife,
		IdleTimeout:                  idleLife,
		DisablePreParseMultipartForm: true,
		RequestMethods:               append(slices.Clone(fiber.DefaultMethods), methodOther),
		ErrorHandler:                 a.refuse,
	})
	server := a.fiber.Server()
	server.HeaderReceived = frame
	handler := server.Handler
	server.Handler = func(c *fasthttp.RequestCtx) {
		if !slices.Contains(fiber.DefaultMethods, string(c.Method())) {
			c.Request.Header.SetMethod(methodOther)
		}
		handler(c)
	}
	a.fiber.Use(a.observe)
	a.huma = humafiber.NewWithGroup(a.fiber, router{a.fiber}, humaConfig(cfg))
	a.registerAuth()
	a.registerAccount() // /users/me before /users/{id}, which would take it
	a.registerOwnSessions()
	a.registerOwnExport()
	a.registerUserList()
	a.registerInvitations()
	a.registerUsers()
	a.registerExport()
	a.registerBlocks()
	a.registerSessions()
	a.registerAudit()
	a.registerKeys()
	a.registerHealth()
	a.document = a.render()
	a.serveHome()
	a.serveDocs()
	a.serveMailbox()
	return a
}

// Serve answers requests on ln until Shutdown, which may also come first.
func (a *API) Serve(ln net.Listener) error {
	a.mu.Lock()
	stopped := a.stopped
	a.listener = newUnusedConns(ln)
	a.mu.Unlock()
	if stopped {
		return ln.Close()
	}
	if err := a.fiber.Listener(a.listener); err != nil {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// Drain has load balancers turn away: from now on /readyz answers 503, and each answer ends its connection. Requests are
// answered as before.
func (a *API) Drain() { a.draining.Store(true) }

// Shutdown stops listening and waits for the requests at work. When ctx ends, it aborts them.
func (a *API) Shutdown(ctx context.Context) error {
	defer a.abort()
	a.mu.Lock()
	if a.listener != nil {
		a.listener.dismiss()
	}
	a.mu.Unlock()
	err := a.fiber.ShutdownWithContext(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.listener != nil {
		_ = a.listener.Close() // again, unless Fiber had not begun to listen
	}
	if err != nil {
		return fmt.Errorf("shut HTTP down: %w", err)
	}
	return nil
}

// OpenAPI returns the document that GET /openapi.json serves.
func OpenAPI(cfg Config) []byte { return New(nil, cfg, zap.NewNop()).document }

// router has Huma's GET operations answer HEAD as well.
type router struct{ fiber.Router }

func (r router) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	if method == fiber.MethodGet {
		r.Router.Add(fiber.MethodHead, path, handlers...)
	}
	return r.Router.Add(method, path, handlers...)
}

// apiDescription lists the answers to requests that reach no operation; the operations do not repeat them.
const apiDescription = "Users and authentication: from sign-up to logout, and the administration of users.\n\n" +
	"Every error is an RFC 9457 problem with a stable `code`; each operation lists its own. What reaches no operation is answered with " +
	"400 `malformed_request`, 404 `not_found`, 405 `method_not_allowed`, 408 `request_timeout`, 413 `body_too_large` or 431 `header_too_large`."

func humaConfig(of Config) huma.Config {
	cfg := huma.DefaultConfig(cmp.Or(of.AppName, "Coffee Shop")+" API", of.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil // no $schema in answers
	cfg.Formats = map[string]huma.Format{typeJSON: huma.DefaultJSONFormat, typeProblem: huma.DefaultJSONFormat, typeForm: formFormat}
	cfg.Info.Description = apiDescription
	cfg.Info.Contact = &huma.Contact{Name: "The Coffee Shop API authors"}
	cfg.Info.License = &huma.License{Name: "MIT", Identifier: "MIT"}
	cfg.Servers = []*huma.Server{{URL: cmp.Or(of.PublicURL, "/"), Description: "The service that this document describes."}}
	cfg.Tags = []*huma.Tag{
		{Name: tagAuth, Description: "From sign-up to logout."},
		{Name: tagUsers, Description: "The caller's own account, and everybody's for admins."},
		{Name: tagSessions, Description: "The logins of a user."},
		{Name: tagAudit, Description: "What happened, for admins."},
		{Name: tagHealth, Description: "For orchestrators and load balancers."},
	}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		schemeBearer: {
			Type: "http", Scheme: "bearer", BearerFormat: "JWT",
			Description: "An access token that `POST /auth/login` or `POST /auth/refresh` answered.",
		},
		schemePassword: {
			Type:        "oauth2",
			Description: "Log in with e-mail and password; the access token then goes into the Authorization header.",
			Flows: &huma.OAuthFlows{Password: &huma.OAuthFlow{
				TokenURL: strings.TrimSuffix(of.PublicURL, "/") + pathToken, Scopes: map[string]string{},
			}},
		},
	}
	return cfg
}
