package httpapi

import (
	_ "embed"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"
)

const cspHome = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed home.gohtml
var homeSource string

var homePage = template.Must(template.New("home").Parse(homeSource))

// home says where a caller of the bare address is.
type home struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Docs    string `json:"docs"`
	OpenAPI string `json:"openapi"`
	Ready   string `json:"ready"`
}

// serveHome answers people with a page, and programs with JSON. Its links are relative, and so right behind any prefix.
func (a *API) serveHome() {
	of := home{Name: a.huma.OpenAPI().Info.Title, Version: a.cfg.Version, Docs: pathDocs[1:], OpenAPI: pathOpenAPI[1:], Ready: pathReady[1:]}
	a.fiber.Get("/", func(c *fiber.Ctx) error {
		c.Vary(fiber.HeaderAccept)
		if !strings.Contains(requestOf(c.UserContext()).accept, "text/html") {
			return c.JSON(of)
		}
		c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
		c.Set(fiber.HeaderContentSecurityPolicy, cspHome)
		return homePage.Execute(c, of)
	})
}
