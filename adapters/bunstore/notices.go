package bunstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

type notices struct{ scope }

var _ ports.Notices = notices{}

type noticeRow struct {
	bun.BaseModel `bun:"table:notices,alias:n"`

	ID       uuid.UUID `bun:",pk"`
	Kind     domain.NoticeKind
	Email    string
	EmailKey string
	Locale   domain.Locale
	domain.Source
	CreatedAt time.Time
}

func (r notices) Create(ctx context.Context, n domain.Notice) error {
	row := noticeRow{
		ID: n.ID, Kind: n.Kind, Email: n.Email.Address, EmailKey: n.Email.Key, Locale: n.Locale,
		Source: n.Source, CreatedAt: stamp(n.CreatedAt),
	}
	_, err := r.write.NewInsert().Model(&row).Exec(ctx)
	return mapError("create a notice", err)
}

func (r notices) ByID(ctx context.Context, id uuid.UUID) (domain.Notice, error) {
	var row noticeRow
	if err := r.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return domain.Notice{}, mapError("read a notice", err)
	}
	return domain.Notice{
		ID: row.ID, Kind: row.Kind, Email: domain.Email{Address: row.Email, Key: row.EmailKey}, Locale: row.Locale,
		Source: row.Source, CreatedAt: utc(row.CreatedAt),
	}, nil
}

func (r notices) Delete(ctx context.Context, id uuid.UUID) error {
	_, err := r.write.NewRaw("DELETE FROM notices WHERE id = ?", id).Exec(ctx)
	return mapError("delete a notice", err)
}
