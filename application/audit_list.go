package application

import (
	"context"
	"fmt"
	"time"

	"coffeeshop/domain"
)

// ListEvents asks for a page of audit events.
type ListEvents struct {
	domain.AuditFilter
	Cursor string // of the page before; empty: the first page
	Limit  int
}

// EventPage is a page of audit events, newest first. A page may be short, or empty, although another one follows.
type EventPage struct {
	Events []domain.AuditEvent
	Next   string // the cursor of the next page; empty: this is the last one
}

// Events returns a page of audit events, to an admin. A cursor is good for the same filter only: domain.ErrInvalidCursor
// otherwise.
func (a *App) Events(ctx context.Context, p domain.Principal, in ListEvents) (EventPage, error) {
	if err := domain.RequireAdmin(p); err != nil {
		return EventPage{}, err
	}
	in.Since, in.Until = storable(in.Since), storable(in.Until)
	q := domain.AuditQuery{AuditFilter: in.AuditFilter, Limit: in.Limit}
	bound := fmt.Sprintf("audit events %s %s %q %d %d", in.Actor, in.Subject, in.Action, micros(in.Since), micros(in.Until))
	if in.Cursor != "" {
		place, err := a.cursors.Open(in.Cursor, bound)
		if err != nil {
			return EventPage{}, err
		}
		at, id, _, err := readPlace(place)
		if err != nil {
			return EventPage{}, err
		}
		q.After = domain.AuditPlace{At: at, ID: id}
	}
	page, err := a.deps.Store.Audit().List(ctx, q)
	if err != nil {
		return EventPage{}, fmt.Errorf("list audit events: %w", err)
	}
	out := EventPage{Events: page.Events}
	if !page.Next.IsZero() {
		out.Next = a.cursors.Seal(writePlace(page.Next.At, page.Next.ID, ""), bound)
	}
	return out, nil
}

// The first and the last time that a store keeps, but for the zero time.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// storable is the nearest time that a store keeps; the zero time stays.
func storable(t time.Time) time.Time {
	switch {
	case t.IsZero():
		return t
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t.UTC().Truncate(time.Microsecond)
}
