package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type audit struct{ scope }

var _ ports.Audit = audit{}

type auditRow struct {
	bun.BaseModel `bun:"table:audit_events,alias:a"`

	ID      uuid.UUID `bun:",pk"`
	At      time.Time
	Actor   uuid.NullUUID
	Subject uuid.NullUUID
	Action  domain.Action
	domain.Source
	Details map[string]string // JSON
}

func (r audit) Append(ctx context.Context, e domain.AuditEvent) error {
	row := auditRow{
		ID: e.ID, At: stamp(e.At), Actor: orNull(e.Actor), Subject: orNull(e.Subject), Action: e.Action,
		Source: e.Source, Details: e.Details,
	}
	if row.Details == nil {
		row.Details = map[string]string{}
	}
	_, err := r.write.NewInsert().Model(&row).Exec(ctx)
	return mapError("record an audit event", err)
}

func (r audit) Forget(ctx context.Context, user uuid.UUID) error {
	_, err := r.write.NewRaw("UPDATE audit_events SET ip = '', user_agent = '', details = '{}' WHERE actor = ? OR subject = ?", user, user).Exec(ctx)
	return mapError("forget a user in the audit events", err)
}

func (r audit) DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "audit_events", "id", "at", stamp(before).Add(-time.Microsecond), limit)
	return n, mapError("delete old audit events", err)
}
