package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"coffeeshop/domain"
)

const (
	tagAuth     = "auth"
	tagUsers    = "users"
	tagSessions = "sessions"
	tagAudit    = "audit"
	tagHealth   = "health"

	schemeBearer   = "bearer"
	schemePassword = "password"
)

// loggedIn is the security of operations that need an access token, however the caller came by it. That of others is
// empty and not absent, so that readers of the document need not guess.
var (
	loggedIn = []map[string][]string{{schemeBearer: {}}, {schemePassword: {}}}
	public   = []map[string][]string{}
)

var (
	bodyProblems = []*Problem{faulty(errMalformedJSON, "body", "is not well-formed"), errBodyTooLarge, errMediaType}
	formProblems = []*Problem{errMalformedForm, errBodyTooLarge, errMediaType}

	tokenFailures = []*domain.Error{domain.ErrTokenMissing, domain.ErrTokenMalformed, domain.ErrTokenExpired,
		domain.ErrTokenScope, domain.ErrTokenReused, domain.ErrSessionEnded}
)

// register adds an operation. It authenticates the caller first, inspects the body before Huma reads it, and documents
// every failure.
func register[I, O any](a *API, op huma.Operation, handler func(context.Context, *I) (*O, error), failures ...*domain.Error) {
	a.operations = append(a.operations, op)
	op.BodyReadTimeout = -1 // Huma's would stay on the connection; Fiber has the body already
	problems := []*Problem{errInternal, errContentEncoding}
	if op.Security != nil {
		op.Middlewares = append(op.Middlewares, a.authenticate(op.OperationID == opMe))
		failures = append(slices.Clone(tokenFailures), failures...)
	}
	body, hasBody := reflect.TypeFor[I]().FieldByName("Body")
	var required []string
	if hasBody {
		if body.Tag.Get("contentType") == typeForm {
			op.Middlewares = append(op.Middlewares, inspected([]string{typeForm}, true, inspectForm))
			problems = append(problems, formProblems...)
		} else {
			schema := a.huma.OpenAPI().Components.Schemas.Schema(body.Type, false, body.Name)
			required = schema.Required
			needed := len(schema.Required) > 0
			if op.RequestBody == nil {
				op.RequestBody = &huma.RequestBody{}
			}
			mediaTypes := []string{typeJSON}
			if op.Method == http.MethodPatch {
				mediaTypes = append(mediaTypes, typeMergePatch)
			}
			defer func() {
				op.RequestBody.Required = needed // Huma sets it for any body
				for _, mediaType := range mediaTypes {
					op.RequestBody.Content[mediaType] = op.RequestBody.Content[typeJSON]
				}
			}()
			op.Middlewares = append(op.Middlewares, inspected(mediaTypes, needed, func(r *request, data []byte) *Problem { return inspectJSON(r, data, schema) }))
			problems = append(problems, bodyProblems...)
		}
	}
	if !slices.Contains(op.Tags, tagHealth) { // a probe may carry anything
		problems = append(problems, faultyExample(op.Path, required))
		op.Middlewares = append(op.Middlewares, refuseUnknownQuery(queryNames[I]()))
	}
	if op.Security != nil || hasBody {
		failures = append(slices.Clone(failures), domain.ErrUnavailable) // of the database, which others never ask
	}
	for _, f := range failures {
		problems = append(problems, describe(f))
	}
	if op.Security == nil {
		op.Security = public
	}
	if op.Path == pathToken {
		op.Responses = a.tokenAnswers(append(problems, errGrantMissing, errGrantType))
	} else {
		op.Responses = a.answers(op.Responses, problems)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		if r := requestOf(ctx); len(r.faulty) > 0 {
			return nil, errInvalidInput.with(r, r.faulty...)
		}
		return handler(ctx, in)
	})
}

var retryAfterHeader = &huma.Param{Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "Seconds until a retry may succeed."}

// example documents a body whose members are not all sent together.
func example(value any) *huma.RequestBody {
	return &huma.RequestBody{Content: map[string]*huma.MediaType{typeJSON: {Example: value}}}
}

// faultyExample is an input that is not valid, as an operation could get it.
func faultyExample(path string, required []string) *Problem {
	switch _, name, ok := strings.Cut(path, "{"); {
	case ok:
		name, _, _ = strings.Cut(name, "}")
		return faulty(errInvalidInput, "path."+name, "must be a UUID")
	case len(required) > 0:
		return faulty(errInvalidInput, "body."+required[0], "is required")
	}
	return faulty(errInvalidInput, "query.emial", "is not a parameter of this call")
}

// refuseUnknownQuery notes parameters of the query that an operation does not have, and repeated and empty ones. They could
// be a filter's misspelled name, or one whose value got lost, without which the answer is another.
func refuseUnknownQuery(names []string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, seen := requestOf(ctx.Context()), map[string]bool{}
		for name, value := range humafiber.Unwrap(ctx).Context().QueryArgs().All() {
			switch name := string(name); {
			case !slices.Contains(names, name):
				r.note(cleanLocation("query."+name), "is not a parameter of this call")
			case seen[name]:
				r.note("query."+name, "must not appear twice")
			case len(value) == 0 && name != "cursor": // which is empty where a list begins
				r.note("query."+name, "must not be empty")
			default:
				seen[name] = true
			}
		}
		next(ctx)
	}
}

func queryNames[I any]() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[I]()) {
		if name := field.Tag.Get("query"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// answers documents problems, by status: the codes as an enum, so that clients can switch on them, with an example each.
func (a *API) answers(responses map[string]*huma.Response, problems []*Problem) map[string]*huma.Response {
	if responses == nil {
		responses = map[string]*huma.Response{}
	}
	problem := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	for _, p := range problems {
		key := strconv.Itoa(p.Status)
		response := responses[key]
		if response == nil {
			response = &huma.Response{
				Content: map[string]*huma.MediaType{typeProblem: {Schema: withCodes(problem), Examples: map[string]*huma.Example{}}},
				Headers: map[string]*huma.Param{},
			}
			responses[key] = response
		}
		examples := response.Content[typeProblem].Examples
		if examples[p.Code] != nil {
			continue
		}
		code := response.Content[typeProblem].Schema.AllOf[1].Properties["code"]
		code.Enum = append(code.Enum, p.Code)
		examples[p.Code] = &huma.Example{Summary: p.Detail, Value: exampleOf(p)}
		if response.Description != "" {
			response.Description += ", "
		}
		response.Description += "`" + p.Code + "`"
		if p.challenge != "" {
			response.Headers["WWW-Authenticate"] = &huma.Param{Schema: &huma.Schema{Type: huma.TypeString}, Description: "`Bearer`, with `error` when a token was given (RFC 6750)."}
		}
		if p.retryAfter > 0 {
			response.Headers["Retry-After"] = retryAfterHeader
		}
	}
	return responses
}

// withCodes is the schema of problems with some codes; none at first.
func withCodes(problem *huma.Schema) *huma.Schema {
	return &huma.Schema{AllOf: []*huma.Schema{problem, {
		Type: huma.TypeObject, Required: []string{"code"}, Properties: map[string]*huma.Schema{"code": {Type: huma.TypeString}},
	}}}
}

func exampleOf(p *Problem) *Problem {
	return p.with(&request{source: domain.Source{RequestID: "0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f"}}, p.Errors...)
}
