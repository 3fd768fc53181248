package httpapi

import "github.com/valyala/fasthttp"

// Handler is what a server calls for a request, without the connection around it.
func (a *API) Handler() fasthttp.RequestHandler { return a.fiber.Handler() }

// Ambiguous is the check that every request passes.
var Ambiguous = ambiguous
