package bunstore

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// timeFormat is SQLite's text of a time.
const timeFormat = "2006-01-02 15:04:05.999999999-07:00"

// A row's fields point at its columns, in their order.
type userRow struct {
	ID              uuid.UUID
	Email           string
	EmailKey        string
	PendingEmail    string // empty: none
	PendingEmailKey string
	FirstName       string
	LastName        string
	Status          domain.Status
	Role            domain.Role
	Locale          domain.Locale
	PasswordHash    string
	PasswordVersion int64
	UnverifiedUntil *time.Time
	SignUpNetwork   string
	InvitedBy       uuid.NullUUID
	LegacyID        sql.NullString
	Blocked         bool
	BlockedUntil    *time.Time
	BlockReason     string
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

const userColumns = "id, email, email_key, pending_email, pending_email_key, first_name, last_name, status, role, locale, " +
	"password_hash, password_version, unverified_until, sign_up_network, invited_by, legacy_id, blocked, blocked_until, " +
	"block_reason, version, created_at, updated_at"

// searchColumns are written and searched, and never read.
const searchColumns = "search_email, search_first_name, search_last_name"

func (r *userRow) fields() []any {
	return []any{&r.ID, &r.Email, &r.EmailKey, &r.PendingEmail, &r.PendingEmailKey, &r.FirstName, &r.LastName,
		(*string)(&r.Status), (*string)(&r.Role), (*string)(&r.Locale), &r.PasswordHash, &r.PasswordVersion,
		&r.UnverifiedUntil, &r.SignUpNetwork, &r.InvitedBy, &r.LegacyID, &r.Blocked, &r.BlockedUntil, &r.BlockReason, &r.Version, &r.CreatedAt, &r.UpdatedAt}
}

func newUserRow(u domain.User) userRow {
	return userRow{
		ID: u.ID, Email: u.Email.Address, EmailKey: u.Email.Key, PendingEmail: u.PendingEmail.Address,
		PendingEmailKey: u.PendingEmail.Key, FirstName: u.FirstName, LastName: u.LastName,
		Status: u.Status, Role: u.Role, Locale: u.Locale, PasswordHash: u.PasswordHash.Reveal(), PasswordVersion: u.PasswordVersion,
		UnverifiedUntil: optional(u.UnverifiedUntil), SignUpNetwork: u.SignUpNetwork,
		InvitedBy: orNull(u.InvitedBy), LegacyID: sql.NullString{String: u.LegacyID, Valid: u.LegacyID != ""}, Blocked: u.Blocked, BlockedUntil: optional(u.BlockedUntil),
		BlockReason: u.BlockReason, Version: u.Version, CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt),
	}
}

// written are the values of userColumns and searchColumns.
func written(u domain.User) []any {
	row := newUserRow(u)
	email, firstName, lastName := u.SearchKeys()
	return append(row.fields(), email, firstName, lastName)
}

// created are the values of createdColumns.
func created(u domain.User) []any {
	return append(written(u), u.Custom.Profile.Text(), u.Custom.AppData.Text())
}

func (r userRow) user() domain.User {
	return domain.User{
		ID: r.ID, Email: domain.Email{Address: r.Email, Key: r.EmailKey},
		PendingEmail: domain.Email{Address: r.PendingEmail, Key: r.PendingEmailKey}, FirstName: r.FirstName, LastName: r.LastName,
		Status: r.Status, Role: r.Role, Locale: r.Locale, PasswordHash: domain.NewPasswordHash(r.PasswordHash), PasswordVersion: r.PasswordVersion,
		UnverifiedUntil: orZero(r.UnverifiedUntil), SignUpNetwork: r.SignUpNetwork,
		InvitedBy: r.InvitedBy.UUID, LegacyID: r.LegacyID.String, Blocked: r.Blocked, BlockedUntil: orZero(r.BlockedUntil),
		BlockReason: r.BlockReason, Version: r.Version, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
	}
}

type sessionRow struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	UserAgent  string
	IP         string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
	Generation int64
	Rotated    int64
	Delivered  int64
}

const sessionColumns = "id, user_id, user_agent, ip, created_at, last_used_at, expires_at, " +
	"generation, rotated, delivered"

func (r *sessionRow) fields() []any {
	return []any{&r.ID, &r.UserID, &r.UserAgent, &r.IP, &r.CreatedAt, &r.LastUsedAt, &r.ExpiresAt,
		&r.Generation, &r.Rotated, &r.Delivered}
}

func (r sessionRow) session() domain.Session {
	return domain.Session{
		ID: r.ID, UserID: r.UserID, UserAgent: r.UserAgent, IP: r.IP, CreatedAt: utc(r.CreatedAt),
		LastUsedAt: utc(r.LastUsedAt), ExpiresAt: utc(r.ExpiresAt), Generation: r.Generation, RotatedGeneration: r.Rotated, DeliveredGeneration: r.Delivered,
	}
}

// tokenRow is a row of the whitelist.
type tokenRow struct {
	SessionID  uuid.UUID
	JTI        uuid.UUID
	Generation int64
	IssuedAt   time.Time
	ExpiresAt  time.Time
}

const tokenColumns = "session_id, jti, generation, issued_at, expires_at"

func (r *tokenRow) fields() []any {
	return []any{&r.SessionID, &r.JTI, &r.Generation, &r.IssuedAt, &r.ExpiresAt}
}

func (r tokenRow) token() domain.RefreshToken {
	return domain.RefreshToken{JTI: r.JTI, SessionID: r.SessionID, Generation: r.Generation,
		IssuedAt: utc(r.IssuedAt), ExpiresAt: utc(r.ExpiresAt)}
}

// stamp is a time as both databases keep it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// utc is a time as it came from a driver: the same instant, without the driver's location.
func utc(t time.Time) time.Time { return t.UTC() }

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = stamp(t)
	return &t
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return utc(*t)
}

// maybeTime reads a time that an expression computed: SQLite gives it as text.
type maybeTime struct{ time.Time }

func (t *maybeTime) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		t.Time = time.Time{}
	case time.Time:
		t.Time = utc(value)
	case string:
		parsed, err := time.Parse(timeFormat, value)
		if err != nil {
			return err
		}
		t.Time = utc(parsed)
	default:
		return fmt.Errorf("%T is no time", value)
	}
	return nil
}
