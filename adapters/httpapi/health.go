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
	}, func(context.Context, *struct{}) (*healthOutput, error) {
		return &healthOutput{Health{Status: "ok"}}, nil
	})
	register(a, huma.Operation{
		OperationID: "ready", Method: http.MethodGet, Path: pathReady, Tags: []string{tagHealth},
		Summary:     "The service can answer: database and migrations are good",
		Description: "For load balancers and readiness probes. With `?verbose` it also tells whether mails get through, on which readiness does not depend.",
		Responses:   a.answers(nil, []*Problem{errNotReady}),
	}, a.ready)
}

// Health says that all is well.
type Health struct {
	Status string `json:"status" enum:"ok" example:"ok" doc:"Always ok."`
	Mail   string `json:"mail,omitempty" enum:"ok,failing" example:"ok" doc:"With verbose only. failing: some mails were not taken over by the mail server, and wait for another try."`
}

type readyInput struct {
	Verbose string `query:"verbose" enum:"true" doc:"Present, with or without a value: tells about mails too."`
	verbose bool
}

// Resolve implements huma.Resolver.
func (in *readyInput) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	in.verbose = u.Query().Has("verbose")
	return nil
}

type healthOutput struct{ Body Health }

func (a *API) ready(ctx context.Context, in *readyInput) (*healthOutput, error) {
	if a.draining.Load() {
		return nil, errNotReady.with(requestOf(ctx))
	}
	err := a.cfg.Ready(ctx)
	health := Health{Status: "ok"}
	if err == nil && in.verbose {
		var failing bool
		health.Mail = "ok"
		if failing, err = a.cfg.MailFails(ctx); failing {
			health.Mail = "failing"
		}
	}
	if err != nil {
		r := requestOf(ctx)
		r.err = err
		return nil, errNotReady.with(r)
	}
	return &healthOutput{health}, nil
}
