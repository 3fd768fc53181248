package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerAudit() {
	register(a, huma.Operation{
		OperationID: "list-audit-events", Method: http.MethodGet, Path: "/audit-events", Tags: []string{tagAudit}, Security: loggedIn,
		Summary: "What happened, newest first, in pages",
		Description: "For admins. No call changes or deletes events: they go after `AUDIT_RETENTION_DAYS`, and a deleted user's lose address, browser and details. " +
			"A call reads 10,000 rows at most: a page may be short, or empty, while `next_cursor` is set; go on until it is null.",
	}, a.listEvents, domain.ErrAdminOnly, domain.ErrInvalidCursor)
}

type listEventsInput struct {
	ActorID filterID   `query:"actor_id" format:"uuid" doc:"Who did it."`
	UserID  filterID   `query:"user_id" format:"uuid" doc:"The user it happened to."`
	Action  actionName `query:"action" doc:"What happened."`
	Since   moment     `query:"since" doc:"Events at this time and later."`
	Until   moment     `query:"until" doc:"Events before this time."`
	Limit   int        `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many events a page has at most."`
	Cursor  string     `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before, with the same filters; none: the first page."`
	callQuery
}

// actionName is an action that the service knows.
type actionName string

// Schema implements huma.SchemaProvider.
func (actionName) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, action := range domain.Actions {
		s.Enum = append(s.Enum, string(action))
	}
	return s
}

// filterID is an id in a query. The nil UUID, which stands for none, is nobody's.
type filterID struct{ pathID }

// UnmarshalText reads a UUID.
func (id *filterID) UnmarshalText(text []byte) error {
	err := id.pathID.UnmarshalText(text)
	if err == nil && id.UUID == uuid.Nil {
		return errors.New("must be a UUID of somebody")
	}
	return err
}

// moment is a time in a query.
type moment struct{ time.Time }

// UnmarshalText reads a time of RFC 3339.
func (m *moment) UnmarshalText(text []byte) (err error) {
	if m.Time, err = time.Parse(time.RFC3339Nano, string(text)); err != nil {
		return errors.New("must be a time such as 2026-01-31T12:00:00Z")
	}
	if m.IsZero() { // which stands for none
		m.Time = m.Add(1)
	}
	return nil
}

// Schema implements huma.SchemaProvider.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// AuditEvent is something that happened.
type AuditEvent struct {
	ID        uuid.UUID         `json:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The event's id."`
	At        time.Time         `json:"at" example:"2026-01-31T12:00:00.000001Z" doc:"When it happened."`
	ActorID   *uuid.UUID        `json:"actor_id" format:"uuid" nullable:"true" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"Who did it; null: somebody without an account, the operator, or the service."`
	UserID    *uuid.UUID        `json:"user_id" format:"uuid" nullable:"true" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user it happened to."`
	Action    string            `json:"action" example:"user.blocked" doc:"What happened."`
	IP        string            `json:"ip" example:"203.0.113.7" doc:"Where the call came from; empty: not known, or forgotten."`
	UserAgent string            `json:"user_agent" example:"Mozilla/5.0" doc:"What the client called itself."`
	RequestID string            `json:"request_id" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The request in the service's log."`
	Details   map[string]string `json:"details" doc:"More, by action."`
}

// AuditPage is a page of events.
type AuditPage struct {
	Events     []AuditEvent `json:"events" nullable:"false" doc:"The events, newest first."`
	NextCursor *string      `json:"next_cursor" example:"Uq3mXKZ0b1JtQ2k5bGFrc2RqZg" doc:"The cursor of the next page; null: this is the last one."`
}

type listEventsOutput struct {
	Link string `header:"Link" example:"<?limit=20&cursor=Uq3mXKZ0b1JtQ2k5bGFrc2RqZg>; rel=\"next\"" doc:"The next page (RFC 8288), as this call's query with another cursor; absent on the last page."`
	Body AuditPage
}

func (a *API) listEvents(ctx context.Context, in *listEventsInput) (*listEventsOutput, error) {
	page, err := a.app.Events(ctx, principalOf(ctx), application.ListEvents{Cursor: in.Cursor, Limit: in.Limit, AuditFilter: domain.AuditFilter{
		Actor: in.ActorID.UUID, Subject: in.UserID.UUID, Action: domain.Action(in.Action), Since: in.Since.Time, Until: in.Until.Time,
	}})
	if err != nil {
		return nil, err
	}
	return &listEventsOutput{Link: in.nextLink(page.Next), Body: AuditPage{Events: eventsBody(page.Events), NextCursor: orNull(page.Next)}}, nil
}

func eventsBody(events []domain.AuditEvent) []AuditEvent {
	all := make([]AuditEvent, 0, len(events))
	for _, e := range events {
		event := AuditEvent{ID: e.ID, At: e.At, ActorID: orNull(e.Actor), UserID: orNull(e.Subject), Action: string(e.Action),
			IP: e.Source.IP, UserAgent: e.Source.UserAgent, RequestID: e.Source.RequestID, Details: e.Details}
		if event.Details == nil {
			event.Details = map[string]string{}
		}
		all = append(all, event)
	}
	return all
}
