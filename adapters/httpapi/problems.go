package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gofiber/fiber/v2"

	"coffeeshop/domain"
)

// Problem is an error as the caller sees it (RFC 9457).
type Problem struct {
	Type      string       `json:"type" example:"about:blank" doc:"Always about:blank: the code says what happened."`
	Title     string       `json:"title" example:"Unprocessable Entity" doc:"The status in words."`
	Status    int          `json:"status" example:"422" doc:"The status."`
	Code      string       `json:"code" example:"invalid_input" doc:"What happened; stable, to switch on."`
	Detail    string       `json:"detail" example:"The input is not valid." doc:"What happened, for people."`
	Errors    []FaultyPart `json:"errors,omitempty" nullable:"false" doc:"The faulty parts of the input."`
	RequestID string       `json:"request_id,omitempty" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The request in the service's log."`

	challenge  string // the WWW-Authenticate header
	retryAfter time.Duration
	throttle   string // the budget that is used up, for operators
}

// FaultyPart names a part of the input. It never holds the submitted value, which may be a secret.
type FaultyPart struct {
	Location string `json:"location" example:"body.password" doc:"Where: body, path or query, and the name."`
	Message  string `json:"message" example:"must have at least 8 characters" doc:"What is wrong with it."`
}

// statusOf is the one place where kinds of failure become statuses.
var statusOf = map[domain.Kind]int{
	domain.KindMalformed:       http.StatusBadRequest,
	domain.KindInvalid:         http.StatusUnprocessableEntity,
	domain.KindUnauthenticated: http.StatusUnauthorized,
	domain.KindForbidden:       http.StatusForbidden,
	domain.KindNotFound:        http.StatusNotFound,
	domain.KindConflict:        http.StatusConflict,
	domain.KindPrecondition:    http.StatusPreconditionFailed,
	domain.KindThrottled:       http.StatusTooManyRequests,
	domain.KindUnavailable:     http.StatusServiceUnavailable,
}

// The problems of HTTP itself.
var (
	errMalformed       = newProblem(http.StatusBadRequest, "malformed_request", "The request is not well-formed.")
	errMalformedJSON   = newProblem(http.StatusBadRequest, "malformed_json", "The body is not well-formed JSON.")
	errMalformedForm   = newProblem(http.StatusBadRequest, "malformed_form", "The body is not a well-formed form.")
	errNotFound        = newProblem(http.StatusNotFound, "not_found", "There is nothing at this path.")
	errMethod          = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This path does not take this method.")
	errTimeout         = newProblem(http.StatusRequestTimeout, "request_timeout", "The request took too long to arrive.")
	errBodyTooLarge    = newProblem(http.StatusRequestEntityTooLarge, "body_too_large", "The body is larger than 64 KiB.")
	errMediaType       = newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "The body has to be of the documented media type, in UTF-8.")
	errContentEncoding = newProblem(http.StatusUnsupportedMediaType, "content_encoding_unsupported", "The body must not be encoded.")
	errInvalidInput    = newProblem(http.StatusUnprocessableEntity, "invalid_input", "The input is not valid.")
	errHeaderTooLarge  = newProblem(http.StatusRequestHeaderFieldsTooLarge, "header_too_large", "The header is larger than 8 KiB.")
	errInternal        = newProblem(http.StatusInternalServerError, "internal", "Something went wrong here. It has been logged.")
	errNotReady        = newProblem(http.StatusServiceUnavailable, "not_ready", "The service is not ready.")
)

func newProblem(status int, code, detail string) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
	if status == http.StatusServiceUnavailable {
		p.retryAfter = retryLater
	}
	return p
}

// retryLater is the pause after a 503 that names none itself.
const retryLater = 2 * time.Second

func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType has Huma answer with the media type of problems.
func (p *Problem) ContentType(string) string { return typeProblem }

// with returns p for one request, with the parts that are faulty.
func (p *Problem) with(r *request, parts ...FaultyPart) *Problem {
	of := *p
	of.RequestID, of.Errors = r.source.RequestID, parts
	r.problem = &of
	return &of
}

// problemOf maps an error to the problem that the caller may see, and keeps the rest for the log.
func problemOf(r *request, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p.with(r, p.Errors...)
	}
	var failure *domain.Error
	switch {
	case errors.As(err, &failure):
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		failure = domain.ErrUnavailable
	default:
		r.err = err
		return errInternal.with(r)
	}
	if failure.Kind == domain.KindUnavailable {
		r.err = err
	}
	of := describe(failure).with(r)
	for _, f := range failure.Fields {
		of.Errors = append(of.Errors, FaultyPart{Location: "body." + f.Name, Message: f.Message})
	}
	return of
}

func describe(failure *domain.Error) *Problem {
	status, ok := statusOf[failure.Kind]
	if !ok {
		return errInternal
	}
	p := newProblem(status, failure.Code, failure.Message)
	p.retryAfter, p.throttle = cmp.Or(failure.RetryAfter, p.retryAfter), failure.Throttle
	if status == http.StatusUnauthorized {
		p.challenge = wwwAuthenticate(failure)
	}
	return p
}

// wwwAuthenticate is the header of a 401 (RFC 6750 §3): only the scheme when no token was given.
func wwwAuthenticate(failure *domain.Error) string {
	if errors.Is(failure, domain.ErrTokenMissing) || errors.Is(failure, domain.ErrInvalidCredentials) {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

// setHeaders sets the headers that belong to the problem.
func (p *Problem) setHeaders(c *fiber.Ctx) {
	if p.challenge != "" {
		c.Set(fiber.HeaderWWWAuthenticate, p.challenge)
	}
	if p.retryAfter > 0 {
		seconds := (p.retryAfter + time.Second - 1) / time.Second
		c.Set(fiber.HeaderRetryAfter, strconv.FormatInt(int64(seconds), 10))
	}
}

func (p *Problem) send(c *fiber.Ctx) {
	body, err := json.Marshal(p)
	if err != nil {
		body = nil // strings and numbers always marshal
	}
	c.Status(p.Status).Set(fiber.HeaderContentType, typeProblem)
	c.Response().SetBodyRaw(body)
}

// problem answers an error that came up outside of an operation.
func (a *API) problem(c *fiber.Ctx, r *request, err error) {
	var raised *fiber.Error
	if !errors.As(err, &raised) {
		problemOf(r, err).send(c)
		return
	}
	switch raised.Code {
	case fiber.StatusNotFound:
		errNotFound.with(r).send(c)
	case fiber.StatusMethodNotAllowed:
		c.Append(fiber.HeaderAllow, fiber.MethodOptions)
		if c.Method() == fiber.MethodOptions {
			c.Status(fiber.StatusNoContent)
			return
		}
		errMethod.with(r).send(c)
	case fiber.StatusRequestTimeout:
		errTimeout.with(r).send(c)
	case fiber.StatusRequestEntityTooLarge:
		errBodyTooLarge.with(r).send(c)
	case fiber.StatusRequestHeaderFieldsTooLarge:
		errHeaderTooLarge.with(r).send(c)
	default:
		errMalformed.with(r).send(c) // its message quotes the request
	}
}

// Huma's choices of how to make errors, and how to compare names, are variables of its packages. Its messages are made
// those of the domain: pages show them to people.
func init() { //nolint:gochecknoinits // there is no other way to set them once
	huma.ValidateStrictCasing = true
	validation.MsgUnexpectedProperty = "is not known here"
	validation.MsgExpectedRFC3339DateTime = "must be a time such as 2026-01-31T12:00:00Z"
	validation.MsgExpectedBoolean = "must be true or false"
	validation.MsgExpectedNumber = "must be a number"
	validation.MsgExpectedInteger = "must be a whole number"
	validation.MsgExpectedString = "must be a text"
	validation.MsgExpectedArray = "must be a list"
	validation.MsgExpectedObject = "must be an object"
	validation.MsgExpectedOneOf = `must be one of "%s"`
	validation.MsgExpectedMinimumNumber = "must be at least %v"
	validation.MsgExpectedMaximumNumber = "must be at most %v"
	validation.MsgExpectedMinLength = "must have at least %d characters"
	validation.MsgExpectedMaxLength = "must have at most %d characters"
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return fromHuma(&request{}, status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		return fromHuma(requestOf(ctx.Context()), status, errs)
	}
}

// fromHuma makes a problem of an operation's error, or of the faults that Huma found in its input.
func fromHuma(r *request, status int, errs []error) *Problem {
	switch status {
	case http.StatusBadRequest:
		return errMalformedJSON.with(r) // Huma quotes the body
	case http.StatusUnsupportedMediaType:
		return errMediaType.with(r)
	case http.StatusRequestEntityTooLarge:
		return errBodyTooLarge.with(r)
	case http.StatusUnprocessableEntity:
		parts := r.faulty
		for _, err := range errs {
			part := faultyPart(err)
			if !slices.ContainsFunc(parts, func(p FaultyPart) bool { return p.Location == part.Location }) {
				parts = append(parts, part)
			}
		}
		return errInvalidInput.with(r, parts...)
	}
	if len(errs) == 1 && errs[0] != nil {
		return problemOf(r, errs[0])
	}
	return errInternal.with(r)
}

// faultyPart drops the value that Huma keeps beside its messages.
func faultyPart(err error) FaultyPart {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return FaultyPart{Location: "body", Message: "is not valid"}
	}
	part := FaultyPart{Location: cleanLocation(detail.Location), Message: strings.TrimPrefix(detail.Message, "invalid value: ")}
	switch {
	case strings.HasPrefix(part.Message, "expected string to be RFC 4122 uuid"): // and it quotes the beginning
		part.Message = "must be a UUID"
	case strings.HasPrefix(part.Message, "json: "):
		part.Message = "is not valid"
	}
	if name, ok := strings.CutPrefix(detail.Message, "expected required property "); ok {
		if name, ok = strings.CutSuffix(name, " to be present"); ok {
			return FaultyPart{Location: detail.Location + "." + name, Message: "is required"}
		}
	}
	return part
}

// cleanLocation cuts a location at the first name that is no plain word, since the caller invented it.
func cleanLocation(location string) string {
	for i, r := range location {
		if !isWordRune(r) && r != '[' && r != ']' || i > requestIDMaxBytes {
			parent, _, _ := strings.Cut(location, ".")
			return parent
		}
	}
	return location
}
