package httpapi

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// What pages of other origins may send and read, beside what the Fetch standard lets them anyway.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, If-Match, Accept-Language"
	corsExposed = "Retry-After, X-Request-Id, ETag, Link"
	corsMaxAge  = "600" // seconds; Chromium keeps a preflight for two hours at most

	anyOrigin = "*"
)

// allowOrigin sets the headers by which a page of a configured origin may read the answer (Fetch standard, "CORS
// protocol"). Every answer has them, errors of Fiber and of panics too: a middleware would miss these. There are no
// cookies here, so that credentials are never allowed. The mailbox has no such headers.
func (a *API) allowOrigin(c *fiber.Ctx) {
	if len(a.cfg.CORSOrigins) == 0 || strings.HasPrefix(c.Path(), pathMailbox) {
		return
	}
	h := &c.Response().Header
	h.Add(fiber.HeaderVary, fiber.HeaderOrigin) // also without an origin, since caches keep that answer as well
	origin := c.Get(fiber.HeaderOrigin)
	switch {
	case origin == "":
		return
	case slices.Contains(a.cfg.CORSOrigins, anyOrigin):
		origin = anyOrigin
	case !slices.Contains(a.cfg.CORSOrigins, origin):
		return
	}
	h.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	h.Set(fiber.HeaderAccessControlExposeHeaders, corsExposed)
}

// preflight answers the question that a browser asks before a request of another origin, and reports whether it was one. It
// allows every path and method: the answer to the request itself says why it fails, and a refused preflight would hide that.
func (a *API) preflight(c *fiber.Ctx) bool {
	if len(a.cfg.CORSOrigins) == 0 || c.Method() != fiber.MethodOptions || c.Get(fiber.HeaderAccessControlRequestMethod) == "" {
		return false
	}
	h := &c.Response().Header
	if len(h.Peek(fiber.HeaderAccessControlAllowOrigin)) > 0 {
		h.Set(fiber.HeaderAccessControlAllowMethods, corsMethods)
		h.Set(fiber.HeaderAccessControlAllowHeaders, corsHeaders)
		h.Set(fiber.HeaderAccessControlMaxAge, corsMaxAge)
	}
	c.Status(fiber.StatusNoContent)
	return true
}
