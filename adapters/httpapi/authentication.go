package httpapi

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"coffeeshop/domain"
)

// authenticate finds the caller, once a request and before anything else. With custom, the caller has its custom fields.
func (a *API) authenticate(custom bool) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r := requestOf(ctx.Context())
		scheme, token, _ := strings.Cut(ctx.Header(fiber.HeaderAuthorization), " ")
		err := error(domain.ErrTokenMissing)
		if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
			r.principal, err = a.app.Authenticate(ctx.Context(), token, r.source, custom)
		}
		if err != nil {
			problemOf(r, err).send(humafiber.Unwrap(ctx))
			return
		}
		next(ctx)
	}
}

func principalOf(ctx context.Context) domain.Principal { return requestOf(ctx).principal }

func sourceOf(ctx context.Context) domain.Source { return requestOf(ctx).source }
