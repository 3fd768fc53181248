package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathHealth = "/healthz"
	pathReady  = "/readyz"
)

func (a *API) registerHealth() {
	register(a, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: pathHealth, Tags: []string{tagHealth},
		Summary: "The process lives", Description: "Asks nothing else. For an orchestrator's liveness probe.",
	}, func(context.Context, *struct{}) (*healthOutput, error) { return &healthOutput{Health{"ok"}}, nil })
	register(a, huma.Operation{
		OperationID: "ready", Method: http.MethodGet, Path: pathReady, Tags: []string{tagHealth},
		Summary:     "The service can answer: database and migrations are good",
		Description: "For load balancers and readiness probes.",
		Responses:   a.answers(nil, []*Problem{errNotReady}),
	}, a.ready)
}

// Health says that all is well.
type Health struct {
	Status string `json:"status" enum:"ok" example:"ok" doc:"Always ok."`
}

type healthOutput struct{ Body Health }

func (a *API) ready(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	if a.draining.Load() {
		return nil, errNotReady.with(requestOf(ctx))
	}
	if err := a.cfg.Ready(ctx); err != nil {
		r := requestOf(ctx)
		r.err = err
		return nil, errNotReady.with(r)
	}
	return &healthOutput{Health{"ok"}}, nil
}
