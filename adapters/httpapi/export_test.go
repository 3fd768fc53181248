package httpapi

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Handler is what a server calls for a request, without the connection around it.
func (a *API) Handler() fasthttp.RequestHandler { return a.fiber.Handler() }

// Routes are all that something answers to; what stands before many of them is left out.
func (a *API) Routes() []fiber.Route { return a.fiber.GetRoutes(true) }

// Everywhere are the codes that are answered before an operation sees the request.
var Everywhere = []string{errMalformed.Code, errNotFound.Code, errMethod.Code, errTimeout.Code, errBodyTooLarge.Code, errHeaderTooLarge.Code}

// Ambiguous is the check that every request passes.
var Ambiguous = ambiguous

// InspectBody looks at a JSON body as every operation does.
func InspectBody(body []byte) { _ = inspectJSON(&request{}, body, &huma.Schema{}) }
