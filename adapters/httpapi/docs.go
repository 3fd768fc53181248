package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/swaggest/swgui/v5emb"
)

const (
	pathDocs    = "/docs"
	pathOpenAPI = "/openapi.json"
)

// serveDocs serves the OpenAPI document, and Swagger UI from the binary, without the network.
func (a *API) serveDocs() {
	a.fiber.Get(pathOpenAPI, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, typeJSON)
		c.Set(fiber.HeaderCacheControl, "no-cache")
		return c.Send(a.document)
	})
	ui := v5emb.New(a.huma.OpenAPI().Info.Title, pathOpenAPI, pathDocs+"/")
	page := &recorder{header: http.Header{}}
	ui.ServeHTTP(page, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: pathDocs}})
	policy := docsPolicy(page.body.Bytes())
	a.fiber.Get(pathDocs, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
		c.Set(fiber.HeaderContentSecurityPolicy, policy)
		c.Set(fiber.HeaderCacheControl, "no-cache")
		return c.Send(page.body.Bytes())
	})
	assets := adaptor.HTTPHandler(ui)
	a.fiber.Get(pathDocs+"/+", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-cache")
		if err := assets(c); err != nil {
			return err
		}
		if c.Response().StatusCode() == fiber.StatusNotFound {
			c.Response().ResetBody()
			return fiber.ErrNotFound
		}
		return nil
	})
}

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// docsPolicy lets the page run its own inline scripts, named by their hashes, and no other. Swagger UI writes
// style attributes as it goes, which have no hashes.
func docsPolicy(page []byte) string {
	scripts := "'self'"
	for _, script := range inlineScript.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(script[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src " + scripts, "style-src 'self' 'unsafe-inline'", "img-src 'self' data:",
		"font-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
	}, "; ")
}

// recorder keeps the answer of a handler of net/http.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) Write(text []byte) (int, error) { return r.body.Write(text) }
func (r *recorder) WriteHeader(int)                {}
