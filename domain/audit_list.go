package domain

import (
	"bytes"
	"cmp"
	"time"

	"github.com/google/uuid"
)

// AuditFilter chooses audit events: those that fit all that is given.
type AuditFilter struct {
	Actor   uuid.UUID // nil: any
	Subject uuid.UUID // nil: any
	Action  Action    // empty: any
	Since   time.Time // zero: from the first one on
	Until   time.Time // before it; zero: up to the last one
}

// Fits reports whether the filter chooses an event.
func (f AuditFilter) Fits(e AuditEvent) bool {
	return (f.Actor == uuid.Nil || f.Actor == e.Actor) && (f.Subject == uuid.Nil || f.Subject == e.Subject) &&
		(f.Action == "" || f.Action == e.Action) && !e.At.Before(f.Since) && (f.Until.IsZero() || e.At.Before(f.Until))
}

// AuditPlace is the place of an event in the list, newest first. The zero AuditPlace is before all.
type AuditPlace struct {
	At time.Time
	ID uuid.UUID
}

// Place is the place of an event.
func (e AuditEvent) Place() AuditPlace { return AuditPlace{At: e.At, ID: e.ID} }

// IsZero reports whether the place is before all.
func (p AuditPlace) IsZero() bool { return p.ID == uuid.Nil }

// Compare orders places, the newest first.
func (p AuditPlace) Compare(other AuditPlace) int {
	return cmp.Or(other.At.Compare(p.At), bytes.Compare(other.ID[:], p.ID[:]))
}

// AuditQuery asks for a page of events.
type AuditQuery struct {
	AuditFilter
	After AuditPlace
	Limit int
}

// Page makes a page of the events that follow, as UserQuery.Page does.
func (q AuditQuery) Page(following []AuditEvent) AuditPage {
	if len(following) <= q.Limit {
		return AuditPage{Events: following}
	}
	return AuditPage{Events: following[:q.Limit], Next: following[q.Limit-1].Place()}
}

// AuditPage is a page of events, newest first. It may have fewer than were asked for, or none, although more follow.
type AuditPage struct {
	Events []AuditEvent
	Next   AuditPlace // where the next page begins; zero: this is the last one
}
