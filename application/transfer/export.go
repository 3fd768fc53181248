package transfer

import (
	"context"
	"fmt"

	"coffeeshop/domain"
)

// exportPage is how many users are read at once.
const exportPage = 500

// Export hands every user to write, oldest first, as Import takes them. Invitations are left out: they belong to nobody
// yet. Hashes come with hashes only.
func (t *Transfer) Export(ctx context.Context, hashes bool, write func(Record) error) (n int, err error) {
	q := domain.UserQuery{Sort: domain.SortOldest, Limit: exportPage}
	for {
		page, err := t.deps.Store.Users().List(ctx, q)
		if err != nil {
			return n, fmt.Errorf("export users: %w", err)
		}
		now := t.now()
		for _, u := range page.Users {
			if u.Invited() {
				continue
			}
			if err := write(recordOf(u.At(now), hashes)); err != nil {
				return n, fmt.Errorf("export user %s: %w", u.ID, err)
			}
			n++
		}
		if q.After = page.Next; q.After.IsZero() {
			return n, nil
		}
	}
}

func recordOf(u domain.User, hashes bool) Record {
	r := Record{
		ID: u.ID.String(), Email: u.Email.Address, FirstName: u.FirstName, LastName: u.LastName, Role: string(u.Role), Status: string(u.Status),
		Locale: string(u.Locale), CreatedAt: u.CreatedAt, Blocked: u.Blocked, BlockedUntil: u.BlockedUntil, BlockReason: u.BlockReason,
		Profile: []byte(u.Custom.Profile.Text()), AppData: []byte(u.Custom.AppData.Text()), LegacyID: u.LegacyID,
	}
	if hashes {
		r.PasswordHash = u.PasswordHash
	}
	return r
}
