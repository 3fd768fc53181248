package httpapi

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"coffeeshop/domain"
)

// authenticate finds the caller, once a request and before anything else.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	r := requestOf(ctx.Context())
	scheme, token, _ := strings.Cut(ctx.Header(fiber.HeaderAuthorization), " ")
	err := error(domain.ErrTokenMissing)
	if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
		r.principal, err = a.app.Authenticate(ctx.Context(), token, r.source)
	}
	if err != nil {
		problemOf(r, err).send(humafiber.Unwrap(ctx))
		return
	}
	next(ctx)
}

func principalOf(ctx context.Context) domain.Principal { return requestOf(ctx).principal }

func sourceOf(ctx context.Context) domain.Source { return requestOf(ctx).source }
