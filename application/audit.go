package application

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// record writes an audit row in the transaction of what it records. Details are names, each followed by its value.
func (a *App) record(ctx context.Context, tx *tx, action domain.Action, subject uuid.UUID, details ...string) error {
	e := domain.AuditEvent{ID: a.deps.NewID(), At: tx.now, Actor: tx.actor.User.ID, Subject: subject, Action: action, Source: tx.source}
	if len(details) > 0 {
		e.Details = map[string]string{}
	}
	for pair := range slices.Chunk(details, 2) {
		e.Details[pair[0]] = pair[1]
	}
	return wrap(tx.Audit().Append(ctx, e), "record %s", action)
}
