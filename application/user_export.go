package application

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// PersonalData is everything that is held about a user. Hashes of passwords and keyed hashes of networks are left out: they
// say nothing to a person, and help whoever steals them.
type PersonalData struct {
	User     domain.User
	Sessions []domain.Session    // live ones, newest first
	Events   []domain.AuditEvent // of which the user is subject or actor, newest first
	More     bool                // there are older events, which an admin reads page by page
}

// eventsMost is how many events of each kind a person gets at once.
const eventsMost = 5000

// PersonalData returns what is held about a user, to the user itself or an admin. An event of somebody else's doing tells
// the user neither who it was nor where they were.
func (a *App) PersonalData(ctx context.Context, p domain.Principal, id uuid.UUID) (PersonalData, error) {
	if p.User.ID != id && !p.IsAdmin() {
		return PersonalData{}, domain.ErrAdminOnly
	}
	u, err := a.deps.Store.Users().ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return PersonalData{}, domain.ErrUserNotFound
	}
	if err != nil {
		return PersonalData{}, fmt.Errorf("read user %s: %w", id, err)
	}
	data := PersonalData{User: u.At(a.now())}
	if data.Sessions, err = a.deps.Store.Sessions().ByUser(ctx, id, a.now()); err != nil {
		return data, fmt.Errorf("read the sessions of user %s: %w", id, err)
	}
	for _, f := range []domain.AuditFilter{{Subject: id}, {Actor: id}} {
		page, err := a.deps.Store.Audit().List(ctx, domain.AuditQuery{AuditFilter: f, Limit: eventsMost})
		if err != nil {
			return data, fmt.Errorf("read the events of user %s: %w", id, err)
		}
		data.Events, data.More = append(data.Events, page.Events...), data.More || !page.Next.IsZero()
	}
	slices.SortFunc(data.Events, func(a, b domain.AuditEvent) int { return a.Place().Compare(b.Place()) })
	data.Events = slices.CompactFunc(data.Events, func(a, b domain.AuditEvent) bool { return bytes.Equal(a.ID[:], b.ID[:]) })
	for i := range data.Events {
		if e := &data.Events[i]; p.User.ID == id && e.Actor != id {
			e.Actor, e.Source = uuid.Nil, domain.Source{RequestID: e.Source.RequestID}
		}
	}
	return data, nil
}
