package transfer

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// unverifiedLife is how long an imported sign-up lives: people have time to come and prove the address.
const unverifiedLife = 30 * 24 * time.Hour

// clockSkew is how far the clocks of two systems may differ.
const clockSkew = 5 * time.Minute

// user makes a user of a record. The error is a rule that it breaks.
func (t *Transfer) user(r Record) (domain.User, error) {
	now := t.now()
	email, err := domain.ParseEmail(r.Email)
	if err != nil {
		return domain.User{}, err
	}
	id := uuid.Nil
	if r.ID != "" {
		if id, err = uuid.Parse(r.ID); err != nil || len(r.ID) != 36 || id == uuid.Nil {
			return domain.User{}, domain.Invalid("id", "must be a UUID")
		}
	}
	locale := domain.LocaleEnglish
	if r.Locale != "" {
		if locale, err = domain.ParseLocale(r.Locale); err != nil {
			return domain.User{}, err
		}
	}
	if err := t.checkHash(r.PasswordHash); err != nil {
		return domain.User{}, err
	}
	created := now
	if !r.CreatedAt.IsZero() {
		created = r.CreatedAt.UTC().Truncate(time.Microsecond)
		if created.Year() < 1 || created.After(now.Add(clockSkew)) {
			return domain.User{}, domain.Invalid("created_at", "must not lie in the future")
		}
	}
	u := domain.NewUser(id, email, r.PasswordHash, locale, created)
	u.UnverifiedUntil = now.Add(unverifiedLife)
	if err := u.Rename(r.FirstName, r.LastName, now); err != nil {
		return u, err
	}
	if r.LegacyID != "" {
		if u.LegacyID, err = domain.ParseLegacyID(r.LegacyID); err != nil {
			return u, err
		}
	}
	if err := setStatus(&u, r, now); err != nil {
		return u, err
	}
	if err := setBlock(&u, r, now); err != nil {
		return u, err
	}
	u.Custom, err = customOf(domain.CustomFields{}, r)
	return u, err
}

func (t *Transfer) checkHash(hash domain.PasswordHash) error {
	if hash.IsZero() {
		return nil
	}
	if err := t.deps.CheckHash(hash); err != nil {
		return domain.Invalid("password_hash", err.Error())
	}
	return nil
}

// setStatus sets status and role. A record has to say whether the address was proved: nobody can guess it.
func setStatus(u *domain.User, r Record, now time.Time) error {
	switch domain.Status(r.Status) {
	case domain.StatusVerified:
		u.Verify(now)
	case domain.StatusUnverified:
	default:
		return domain.Invalid("status", "must be verified or unverified")
	}
	if r.Role == "" {
		return nil
	}
	role, err := domain.ParseRole(r.Role)
	if err != nil {
		return err
	}
	if err := u.ChangeRole(role, now); err != nil {
		return domain.Invalid("role", "must be user until the address is verified")
	}
	return nil
}

// longBlock is how many years ahead a block has an end; other systems write a far one for none.
const longBlock = 10

// setBlock blocks the user unless the block has ended.
func setBlock(u *domain.User, r Record, now time.Time) error {
	until := r.BlockedUntil.UTC().Truncate(time.Microsecond)
	if !r.Blocked && (until.After(now) || until.IsZero() && r.BlockReason != "") {
		return domain.Invalid("blocked", "must be true where there is a reason or an end")
	}
	if !r.Blocked || !until.IsZero() && !until.After(now) {
		return nil
	}
	if until.After(now.AddDate(longBlock, 0, 0)) {
		until = time.Time{}
	}
	return inField(u.Block(r.BlockReason, until, now))
}

// inField gives the fields of a block their names in a record.
func inField(err error) error {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 {
		return err
	}
	return domain.Invalid(map[string]string{"reason": "block_reason", "until": "blocked_until"}[e.Fields[0].Name], e.Fields[0].Message)
}

// customOf are the custom fields that a record has; what it lacks stays.
func customOf(c domain.CustomFields, r Record) (_ domain.CustomFields, err error) {
	if len(r.Profile) > 0 {
		if c.Profile, err = (domain.Fields{}).Merge("profile", r.Profile); err != nil {
			return c, err
		}
	}
	if len(r.AppData) > 0 {
		c.AppData, err = (domain.Fields{}).Merge("app_data", r.AppData)
	}
	return c, err
}

// reason is what is wrong with a record, in words.
func reason(err error) string {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err.Error()
	}
	var rules []string
	for _, f := range e.Fields {
		rules = append(rules, f.Name+" "+f.Message)
	}
	return strings.Join(rules, "; ")
}
