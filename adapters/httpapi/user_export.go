package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/domain"
)

func (a *API) registerOwnExport() {
	register(a, huma.Operation{
		OperationID: "export-me", Method: http.MethodGet, Path: "/users/me/export", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Everything that is held about the caller", Description: exported,
	}, a.exportMe)
}

func (a *API) registerExport() {
	register(a, huma.Operation{
		OperationID: "export-user", Method: http.MethodGet, Path: "/users/{id}/export", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Everything that is held about a user", Description: "For the user itself and for admins. " + exported,
	}, a.exportUser, domain.ErrAdminOnly, domain.ErrUserNotFound)
}

const exported = "The account with its custom fields, the live sessions, and the audit events of which the user is subject or actor: the newest 5,000 of each. An event of somebody else's doing tells the user neither who it was nor where they were."

// PersonalData is everything that is held about a user.
type PersonalData struct {
	User       User         `json:"user" doc:"The account."`
	Sessions   []Session    `json:"sessions" nullable:"false" doc:"The live sessions, newest first."`
	Events     []AuditEvent `json:"events" nullable:"false" doc:"What happened, newest first."`
	MoreEvents bool         `json:"more_events" example:"false" doc:"Whether there are older events."`
}

type exportOutput struct{ Body PersonalData }

func (a *API) exportMe(ctx context.Context, _ *struct{}) (*exportOutput, error) {
	return a.export(ctx, principalOf(ctx).User.ID)
}

func (a *API) exportUser(ctx context.Context, in *userPath) (*exportOutput, error) {
	return a.export(ctx, in.ID.UUID)
}

func (a *API) export(ctx context.Context, id uuid.UUID) (*exportOutput, error) {
	p := principalOf(ctx)
	data, err := a.app.PersonalData(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return &exportOutput{PersonalData{
		User: userBody(data.User), Sessions: sessionsBody(data.Sessions, p.SessionID), Events: eventsBody(data.Events), MoreEvents: data.More,
	}}, nil
}
