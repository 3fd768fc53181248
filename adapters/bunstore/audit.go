package bunstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
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
	_, err = r.write.insert(ctx, "audit_events", auditColumns, []any{
		e.ID, stamp(e.At), orNull(e.Actor), orNull(e.Subject), string(e.Action),
		e.Source.IP, e.Source.UserAgent, e.Source.RequestID, string(details),
	}, "")
	return mapError("record an audit event", err)
}

type auditRow struct {
	ID      uuid.UUID
	At      time.Time
	Actor   uuid.NullUUID
	Subject uuid.NullUUID
	Action  string
	Source  domain.Source
	Details string
}

const auditColumns = "id, at, actor, subject, action, ip, user_agent, request_id, details"

func (r *auditRow) fields() []any {
	return []any{&r.ID, &r.At, &r.Actor, &r.Subject, &r.Action, &r.Source.IP, &r.Source.UserAgent, &r.Source.RequestID, &r.Details}
}

func (r auditRow) event() domain.AuditEvent {
	e := domain.AuditEvent{ID: r.ID, At: utc(r.At), Actor: r.Actor.UUID, Subject: r.Subject.UUID, Action: domain.Action(r.Action), Source: r.Source}
	var details map[string]string
	if err := json.Unmarshal([]byte(r.Details), &details); err == nil && len(details) > 0 {
		e.Details = details
	}
	return e
}

func (r audit) List(ctx context.Context, q domain.AuditQuery) (page domain.AuditPage, err error) {
	if err := r.refuseTx(); err != nil || q.Limit <= 0 {
		return page, err
	}
	err = r.looking(ctx, func(s scope) error {
		page, err = audit{s}.page(ctx, q)
		return err
	})
	return page, mapError("list audit events", err)
}

func (r audit) page(ctx context.Context, q domain.AuditQuery) (page domain.AuditPage, err error) {
	index, where, args := "audit_events_list", "", []any{}
	switch {
	case q.Subject != uuid.Nil:
		index, where, args = "audit_events_of_subject", " AND e.subject = ?", append(args, q.Subject)
	case q.Actor != uuid.Nil:
		index, where, args = "audit_events_of_actor", " AND e.actor = ?", append(args, q.Actor)
	}
	from, by := " FROM audit_events AS e"+r.along(index), " ORDER BY e.at DESC, e.id DESC LIMIT ?"
	for _, bound := range []struct {
		how string
		at  time.Time
	}{{" AND e.at >= ?", q.Since}, {" AND e.at < ?", q.Until}} {
		if !bound.at.IsZero() {
			where, args = where+bound.how, append(args, stamp(bound.at))
		}
	}
	if !q.After.IsZero() {
		where, args = where+" AND e.at <= ? AND (e.at, e.id) < (?, ?)", append(args, stamp(q.After.At), stamp(q.After.At), q.After.ID) // see order.compared
	}
	var end domain.AuditPlace // of the walk; zero: that of the list
	actor := ""
	if q.Subject != uuid.Nil && q.Actor != uuid.Nil {
		actor = q.Actor.String()
	}
	if q.Action != "" || actor != "" {
		err := r.read.scan(ctx, []any{&end.At, &end.ID}, "SELECT e.at, e.id"+from+" WHERE true"+where+by+" OFFSET ?", append(slices.Clone(args), 1, ports.AuditWalk-1)...)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return page, err
		}
		if end.At = utc(end.At); !end.IsZero() {
			where, args = where+" AND e.at >= ? AND (e.at, e.id) >= (?, ?)", append(args, stamp(end.At), stamp(end.At), end.ID)
		}
	}
	following, err := list(ctx, r.read, (*auditRow).fields, auditRow.event, "SELECT "+of("e", auditColumns)+from+
		" WHERE ? IN ('', e.action) AND ? IN ('', CAST(e.actor AS text))"+where+by, slices.Concat([]any{string(q.Action), actor}, args, []any{q.Limit + 1})...)
	page = q.Page(following)
	if page.Next.IsZero() {
		page.Next = end
	}
	return page, err
}

func (r audit) Forget(ctx context.Context, user uuid.UUID) error {
	_, err := r.write.ExecContext(ctx, "UPDATE audit_events SET ip = '', user_agent = '', details = '{}' WHERE actor = ? OR subject = ?", user, user)
	return mapError("forget a user in the audit events", err)
}

func (r audit) DeleteBefore(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := r.purge(ctx, "audit_events", "id", "at", stamp(before).Add(-time.Microsecond), limit)
	return n, mapError("delete old audit events", err)
}
