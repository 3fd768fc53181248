package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"coffeeshop/application"
)

const (
	pathToken = "/auth/token"
	pathLogin = "/auth/login"

	grantPassword = "password"
	grantRefresh  = "refresh_token"
)

var (
	errGrantMissing = newProblem(http.StatusBadRequest, "invalid_input", "grant_type has to be password, with username and password, or refresh_token, with refresh_token.")
	errGrantType    = newProblem(http.StatusBadRequest, "unsupported_grant_type", "The grants are password and refresh_token.")
)

// TokenForm is an access token request of RFC 6749, §4.3.2 or §6. Other parameters are ignored, client credentials too.
type TokenForm struct {
	_            struct{} `additionalProperties:"true"`
	GrantType    string   `json:"grant_type,omitempty" example:"password" doc:"password or refresh_token."`
	Username     string   `json:"username,omitempty" example:"ada@example.com" doc:"The address; for the password grant."`
	Password     string   `json:"password,omitempty" example:"correct horse battery staple" doc:"The password; for the password grant."`
	RefreshToken string   `json:"refresh_token,omitempty" doc:"The refresh token; for its grant."`
}

type tokenInput struct {
	Body TokenForm `contentType:"application/x-www-form-urlencoded"`
}

func (a *API) token(ctx context.Context, in *tokenInput) (*tokensOutput, error) {
	form := in.Body
	switch {
	case form.GrantType == grantPassword && form.Username != "" && form.Password != "":
		pair, err := a.app.Login(ctx, application.Login{Email: form.Username, Password: form.Password, Source: sourceOf(ctx)})
		return tokens(pair, err)
	case form.GrantType == grantRefresh && form.RefreshToken != "":
		pair, err := a.app.Refresh(ctx, form.RefreshToken, sourceOf(ctx))
		return tokens(pair, err)
	case form.GrantType == "", form.GrantType == grantPassword, form.GrantType == grantRefresh:
		return nil, errGrantMissing.with(requestOf(ctx))
	}
	return nil, errGrantType.with(requestOf(ctx))
}

// TokenError is an error of RFC 6749 §5.2.
type TokenError struct {
	Error       string `json:"error" enum:"invalid_request,invalid_grant,unsupported_grant_type,temporarily_unavailable,server_error" example:"invalid_grant" doc:"The sort of failure."`
	Description string `json:"error_description" example:"E-mail or password is wrong." doc:"What happened, for people."`
	Code        string `json:"code" example:"invalid_credentials" doc:"What happened; stable, as in problems."`
}

// tokenError says a problem in the words of RFC 6749 §5.2, with its status: 400, but for what is no fault of the request.
func tokenError(p *Problem) (int, TokenError) {
	e := TokenError{Error: "invalid_request", Description: oauthText(p), Code: p.Code}
	switch {
	case p.Status == http.StatusTooManyRequests, p.Status == http.StatusServiceUnavailable:
		e.Error = "temporarily_unavailable"
		return p.Status, e
	case p.Status >= http.StatusInternalServerError:
		e.Error = "server_error"
		return p.Status, e
	case p.Status == http.StatusMethodNotAllowed:
		return p.Status, e
	case p.Status == http.StatusUnauthorized, p.Status == http.StatusForbidden:
		e.Error = "invalid_grant"
	case p.Code == errGrantType.Code:
		e.Error = errGrantType.Code
	}
	return http.StatusBadRequest, e
}

// oauthText is the detail of a problem with its faulty parts, in the characters that RFC 6749 §5.2 allows.
func oauthText(p *Problem) string {
	text := p.Detail
	for _, part := range p.Errors {
		text += " " + strings.TrimPrefix(part.Location, "body.") + " " + part.Message + "."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, text)
}

// speakOAuth puts the error of RFC 6749 in the place of a problem that a request for a token got.
func speakOAuth(c *fiber.Ctx, p *Problem) {
	status, e := tokenError(p)
	body, err := json.Marshal(e)
	if err != nil {
		body = nil // texts always marshal
	}
	c.Response().Header.Del(fiber.HeaderWWWAuthenticate) // with 401 only
	c.Status(status).Set(fiber.HeaderContentType, typeJSON)
	c.Response().SetBodyRaw(body)
}

// tokenAnswers documents problems as the errors that they become.
func (a *API) tokenAnswers(problems []*Problem) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[TokenError](), true, "")
	responses := map[string]*huma.Response{}
	for _, p := range problems {
		status, e := tokenError(p)
		key := strconv.Itoa(status)
		if responses[key] == nil {
			responses[key] = &huma.Response{
				Content: map[string]*huma.MediaType{typeJSON: {Schema: withCodes(schema), Examples: map[string]*huma.Example{}}},
				Headers: map[string]*huma.Param{},
			}
		}
		if responses[key].Content[typeJSON].Examples[p.Code] != nil {
			continue
		}
		code := responses[key].Content[typeJSON].Schema.AllOf[1].Properties["code"]
		code.Enum = append(code.Enum, p.Code)
		if responses[key].Description != "" {
			responses[key].Description += ", "
		}
		responses[key].Description += "`" + p.Code + "`"
		responses[key].Content[typeJSON].Examples[p.Code] = &huma.Example{Summary: p.Detail, Value: e}
		if p.retryAfter > 0 {
			responses[key].Headers["Retry-After"] = retryAfterHeader
		}
	}
	return responses
}
