package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"coffeeshop/domain"
)

const (
	headerRequestID   = "X-Request-Id"
	requestIDMaxBytes = 128
	userAgentMaxBytes = 255
	faultyMost        = 32

	cspAPI = "default-src 'none'; frame-ancestors 'none'"
)

type requestKey struct{}

// request is the record of a request while it is answered.
type request struct {
	start     time.Time
	source    domain.Source
	principal domain.Principal // zero before authentication
	route     string           // the pattern that matched; empty: none
	faulty    []FaultyPart     // of the input, as far as Huma does not look at it
	problem   *Problem         // the last one that was made for it
	trace     string           // the id that a traceparent header brought
	err       error            // the service's own failure; for the log
	stack     []byte           // of a panic
	accept    string           // the Accept header; operations do not see it
}

// requestOf returns the request that ctx belongs to. A context that is not of a request gets an empty one.
func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r
	}
	return &request{}
}

// note adds a faulty part, which the answer tells together with those that Huma finds.
func (r *request) note(location, message string) {
	if len(r.faulty) == faultyMost {
		return
	}
	r.faulty = append(r.faulty, FaultyPart{Location: location, Message: message})
}

// begin opens the record of a request and sets the headers that every answer has.
func (a *API) begin(c *fiber.Ctx) *request {
	r := &request{start: time.Now(), source: domain.Source{
		IP:        a.clientIP(c),
		UserAgent: userAgent(c.Get(fiber.HeaderUserAgent)),
		RequestID: requestID(c.Get(headerRequestID)),
	}}
	r.trace = traceID(c.Get("Traceparent"))
	c.SetUserContext(context.WithValue(a.base, requestKey{}, r))
	a.setHeaders(c, r)
	return r
}

func (a *API) setHeaders(c *fiber.Ctx, r *request) {
	h := &c.Response().Header
	h.Set(headerRequestID, r.source.RequestID)
	if a.draining.Load() {
		h.SetConnectionClose()
	}
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	h.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	h.Set(fiber.HeaderContentSecurityPolicy, cspAPI)
	h.Set(fiber.HeaderCacheControl, "no-store")
	a.allowOrigin(c)
}

// observe is around every request: it gives it a deadline, catches panics, and writes its line of the log.
func (a *API) observe(c *fiber.Ctx) error {
	r := a.begin(c)
	ctx, cancel := context.WithTimeout(c.UserContext(), requestLife)
	defer cancel()
	c.SetUserContext(ctx)
	a.answer(c, r)
	complete(c, r)
	a.write(c, r)
	return nil
}

func (a *API) answer(c *fiber.Ctx, r *request) {
	defer func() {
		if v := recover(); v != nil {
			r.err, r.stack = fmt.Errorf("panic: %v", v), debug.Stack()
			c.Response().Reset()
			a.setHeaders(c, r)
			problemOf(r, errInternal).send(c)
		}
	}()
	// Fiber inflates such a body, without limit, as soon as anybody asks for it.
	if encodings := c.Request().Header.PeekAll(fiber.HeaderContentEncoding); len(encodings) > 0 {
		p := errContentEncoding.with(r)
		p.Detail = fmt.Sprintf("The body must not be encoded, and %s came.", nameOf(string(encodings[0])))
		p.send(c)
		return
	}
	if a.preflight(c) {
		return
	}
	r.accept = c.Get(fiber.HeaderAccept)
	c.Request().Header.Del(fiber.HeaderAccept) // Huma would negotiate; the API answers JSON whatever is asked for
	err := c.Next()
	var unrouted *fiber.Error
	if !errors.As(err, &unrouted) {
		r.route = c.Route().Path
	}
	if err != nil {
		a.problem(c, r, err)
	}
}

// complete sets the headers that belong to a problem.
func complete(c *fiber.Ctx, r *request) {
	if r.problem == nil {
		return
	}
	r.problem.setHeaders(c)
	if c.Path() == pathToken {
		speakOAuth(c, r.problem)
	}
}

// refuse is Fiber's error handler, which it calls instead of observe for a request that it cannot route.
func (a *API) refuse(c *fiber.Ctx, err error) error {
	r := a.begin(c)
	a.problem(c, r, err)
	complete(c, r)
	c.Response().SkipBody = c.Context().IsHead()
	a.write(c, r)
	return nil
}

// write logs a request, without its query, headers and body, which may hold secrets.
func (a *API) write(c *fiber.Ctx, r *request) {
	status := c.Response().StatusCode()
	a.measure(r, c.Method(), status)
	level := zapcore.InfoLevel
	switch {
	case status == fiber.StatusServiceUnavailable:
		level = zapcore.WarnLevel
	case status >= fiber.StatusInternalServerError:
		level = zapcore.ErrorLevel
	case r.route == pathHealth || r.route == pathReady:
		level = zapcore.DebugLevel
	}
	entry := a.log.Check(level, "request")
	if entry == nil {
		return
	}
	entry.Write(zap.Inline(zapcore.ObjectMarshalerFunc(func(line zapcore.ObjectEncoder) error {
		line.AddString("method", c.Method())
		if r.route == "" {
			line.AddString("path", cut(c.Path(), userAgentMaxBytes))
		} else {
			line.AddString("route", r.route)
		}
		line.AddInt("status", status)
		line.AddDuration("duration", time.Since(r.start))
		line.AddInt("bytes", len(c.Response().Body()))
		line.AddString("ip", r.source.IP)
		line.AddString("request_id", r.source.RequestID)
		if id := r.principal.User.ID; id != uuid.Nil {
			line.AddString("user_id", id.String())
		}
		if r.trace != "" {
			line.AddString("trace_id", r.trace)
		}
		if r.err != nil {
			zap.Error(r.err).AddTo(line)
		}
		if r.stack != nil {
			line.AddByteString("stack", r.stack)
		}
		return nil
	})))
}

// requestID returns the caller's id if it is harmless, and otherwise a new one.
func requestID(given string) string {
	if given == "" || len(given) > requestIDMaxBytes {
		return uuid.NewString()
	}
	for _, r := range given {
		if !isWordRune(r) {
			return uuid.NewString()
		}
	}
	return given
}

// isWordRune reports whether r is one of the characters that ids and file names are made of.
func isWordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

func userAgent(given string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(given, ""))
	return cut(clean, userAgentMaxBytes)
}

// cut shortens text to at most so many bytes, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// clientIP is the address that a request comes from. X-Forwarded-For is read from the right, as far as trusted proxies
// wrote it: up to and including the first address that is not one of theirs. Further left, a client may write anything.
func (a *API) clientIP(c *fiber.Ctx) string {
	remote, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	addr := remote.Unmap()
	if !a.trusted(addr) {
		return addr.String()
	}
	var hops []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(string(line), ",")...)
	}
	for _, hop := range slices.Backward(hops) {
		next, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		if addr = next.Unmap().WithZone(""); !a.trusted(addr) {
			break
		}
	}
	return addr.String()
}

// parseHop reads an address as proxies write it: alone or with a port, and IPv6 in brackets or not.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, true
	}
	if strings.HasSuffix(text, "]") {
		text += ":0"
	}
	addr, err := netip.ParseAddrPort(text)
	return addr.Addr(), err == nil
}

func (a *API) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(a.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
