package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type notices struct{ scope }

var _ ports.Notices = notices{}

type noticeRow struct {
	ID        uuid.UUID
	Kind      domain.NoticeKind
	Email     string
	EmailKey  string
	Locale    domain.Locale
	Source    domain.Source
	CreatedAt time.Time
}

const noticeColumns = "id, kind, email, email_key, locale, ip, user_agent, request_id, created_at"

func (r *noticeRow) fields() []any {
	return []any{&r.ID, (*string)(&r.Kind), &r.Email, &r.EmailKey, (*string)(&r.Locale),
		&r.Source.IP, &r.Source.UserAgent, &r.Source.RequestID, &r.CreatedAt}
}

func (r notices) Create(ctx context.Context, n domain.Notice) error {
	row := noticeRow{
		ID: n.ID, Kind: n.Kind, Email: n.Email.Address, EmailKey: n.Email.Key, Locale: n.Locale,
		Source: n.Source, CreatedAt: stamp(n.CreatedAt),
	}
	_, err := r.write.insert(ctx, "notices", noticeColumns, row.fields(), "")
	return mapError("create a notice", err)
}

func (r notices) ByID(ctx context.Context, id uuid.UUID) (domain.Notice, error) {
	var row noticeRow
	if err := r.read.scan(ctx, row.fields(), "SELECT "+noticeColumns+" FROM notices WHERE id = ?", id); err != nil {
		return domain.Notice{}, mapError("read a notice", err)
	}
	return domain.Notice{
		ID: row.ID, Kind: row.Kind, Email: domain.Email{Address: row.Email, Key: row.EmailKey}, Locale: row.Locale,
		Source: row.Source, CreatedAt: utc(row.CreatedAt),
	}, nil
}

func (r notices) Delete(ctx context.Context, id uuid.UUID) error {
	_, err := r.write.ExecContext(ctx, "DELETE FROM notices WHERE id = ?", id)
	return mapError("delete a notice", err)
}
