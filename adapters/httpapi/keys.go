package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// keysLife is how long verifiers may keep the key set. They ask again when they meet an unknown key id, since a new key
// signs five seconds after it was made.
const keysLife = "public, max-age=300"

func (a *API) registerKeys() {
	register(a, huma.Operation{
		OperationID: "keys", Method: http.MethodGet, Path: "/.well-known/jwks.json", Tags: []string{tagAuth},
		Summary:     "The public keys of access tokens",
		Description: "A JSON Web Key Set (RFC 7517). Empty while access tokens are signed with a secret.",
		Responses: map[string]*huma.Response{"200": {Description: "The keys.", Content: map[string]*huma.MediaType{typeJSON: {
			Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"keys"}, Properties: map[string]*huma.Schema{
				"keys": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
			}},
			Example: map[string]any{"keys": []any{}},
		}}}},
	}, a.keys)
}

type keysOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func (a *API) keys(context.Context, *struct{}) (*keysOutput, error) {
	return &keysOutput{ContentType: typeJSON, CacheControl: keysLife, Body: a.cfg.JWKS()}, nil
}
