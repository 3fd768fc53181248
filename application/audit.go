package application

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// record writes an audit row in the transaction of what it records. Details are names, each followed by its value.
func (a *App) record(ctx context.Context, tx *tx, action domain.Action, subject uuid.UUID, details ...string) error {
	e := domain.AuditEvent{ID: a.newID(), At: tx.now, Actor: tx.actor.User.ID, Subject: subject, Action: action, Source: tx.source}
	for i := 0; i < len(details); i += 2 {
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[details[i]] = details[i+1]
	}
	if err := tx.Audit().Append(ctx, e); err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}
