package httpapi

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"coffeeshop/domain"
)

// authenticate finds out who calls, once a request, before anything else of it is looked at.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	r := requestOf(ctx.Context())
	principal, err := a.callerOf(ctx.Context(), r, ctx.Header(fiber.HeaderAuthorization))
	if err != nil {
		problemOf(r, err).send(humafiber.Unwrap(ctx))
		return
	}
	r.principal = principal
	next(ctx)
}

func (a *API) callerOf(ctx context.Context, r *request, authorization string) (domain.Principal, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return domain.Principal{}, domain.ErrTokenMissing
	}
	return a.app.Authenticate(ctx, token, r.source)
}

func principalOf(ctx context.Context) domain.Principal { return requestOf(ctx).principal }

func sourceOf(ctx context.Context) domain.Source { return requestOf(ctx).source }
