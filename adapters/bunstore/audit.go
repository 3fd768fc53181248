package bunstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type audit struct{ scope }

var _ ports.Audit = audit{}

func (r audit) Append(ctx context.Context, e domain.AuditEvent) error {
	details := []byte("{}")
	var err error
	if e.Details != nil {
		if details, err = json.Marshal(e.Details); err != nil {
			return err
		}
	}
	_, err = r.write.insert(ctx, "audit_events", "id, at, actor, subject, action, ip, user_agent, request_id, details", []any{
		e.ID, stamp(e.At), orNull(e.Actor), orNull(e.Subject), string(e.Action),
		e.Source.IP, e.Source.UserAgent, e.Source.RequestID, string(details),
	}, "")
	return mapError("record an audit event", err)
}

func (r audit) Forget(ctx context.Context, user uuid.UUID) error {
	_, err := r.write.ExecContext(ctx, "UPDATE audit_events SET ip = '', user_agent = '', details = '{}' WHERE actor = ? OR subject = ?", user, user)
	return mapError("forget a user in the audit events", err)
}

func (r audit) DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "audit_events", "id", "at", stamp(before).Add(-time.Microsecond), limit)
	return n, mapError("delete old audit events", err)
}
