package domain

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Role says what a user may do.
type Role string

// The roles.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// ParseRole returns the role with a name.
func ParseRole(name string) (Role, error) {
	if r := Role(name); r == RoleUser || r == RoleAdmin {
		return r, nil
	}
	return "", Invalid("role", "must be user or admin")
}

// Status says whether a user has proved the address.
type Status string

// The statuses.
const (
	StatusUnverified Status = "unverified"
	StatusVerified   Status = "verified"
)

// SignUpLife is how long an unverified sign-up lives.
const SignUpLife = 48 * time.Hour

// maxBlockYears is how far ahead a block may end; a longer block needs no end.
const maxBlockYears = 10

const nameMaxCharacters = 100

// User is an account, or, while unverified, a sign-up. Change it through its verbs.
type User struct {
	ID              uuid.UUID
	Email           Email
	PendingEmail    Email  // replaces Email once it is proved; zero: none
	FirstName       string // empty: none
	LastName        string // empty: none
	Status          Status
	Role            Role
	Locale          Locale
	PasswordHash    PasswordHash
	PasswordVersion int64     // counts the passwords, not the hashes of one
	UnverifiedUntil time.Time // zero once verified
	SignUpNetwork   string    // keyed hash of the network that signed up; empty once verified, and of imports and invitations
	InvitedBy       uuid.UUID // the admin whose invitation waits to be accepted; zero: none
	LegacyID        string    // of the system that the user came from; empty: none
	Blocked         bool
	BlockedUntil    time.Time // zero: until unblocked
	BlockReason     string
	Custom          CustomFields // not everywhere: see ports.Users
	Version         int64        // counts the changes; Users.Update compares it
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// NewUser returns an unverified user of the role user.
func NewUser(id uuid.UUID, email Email, hash PasswordHash, locale Locale, now time.Time) User {
	return User{
		ID: id, Email: email, Status: StatusUnverified, Role: RoleUser, Locale: locale, PasswordHash: hash,
		PasswordVersion: 1, UnverifiedUntil: now.Add(SignUpLife), Version: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// NewInvitation returns the account that an admin invites somebody to. It has no password until it is accepted, and its
// role counts for nothing before.
func NewInvitation(id uuid.UUID, email Email, role Role, locale Locale, inviter uuid.UUID, now time.Time) User {
	u := NewUser(id, email, PasswordHash{}, locale, now)
	u.Role = role
	u.Invite(inviter, now)
	return u
}

// Invite begins the invitation's time, on behalf of an admin.
func (u *User) Invite(inviter uuid.UUID, now time.Time) {
	u.InvitedBy, u.UnverifiedUntil, u.UpdatedAt = inviter, now.Add(InvitationLife), now
}

// InvitedAt reports whether the user is an invitation that can be accepted at a time.
func (u *User) InvitedAt(now time.Time) bool { return u.Invited() && now.Before(u.UnverifiedUntil) }

// Verify records that the user has proved the address.
func (u *User) Verify(now time.Time) {
	u.Status, u.UnverifiedUntil, u.SignUpNetwork, u.InvitedBy, u.UpdatedAt = StatusVerified, time.Time{}, "", uuid.Nil, now
}

// Invited reports whether the user is an invitation, which waits to be accepted or has expired.
func (u *User) Invited() bool { return u.InvitedBy != uuid.Nil }

// Verified reports whether the user has proved the address.
func (u *User) Verified() bool { return u.Status == StatusVerified }

// Versions are those of a user for which a change is meant. Nil: any.
type Versions []int64

// Check returns ErrVersionConflict unless the change is meant for the user as it is.
func (v Versions) Check(u User) error {
	if v != nil && !slices.Contains(v, u.Version) {
		return ErrVersionConflict
	}
	return nil
}

// SignedUp reports whether the user is a sign-up: an attempt that gives way to others. An import or an invitation is none.
func (u *User) SignedUp() bool { return !u.Verified() && u.SignUpNetwork != "" }

// Precedes reports whether of two users with one address u is the one that the address stands for: the verified one, then
// an imported one, then the newest sign-up.
func (u *User) Precedes(other User) bool {
	switch {
	case u.Verified() != other.Verified():
		return u.Verified()
	case u.SignedUp() != other.SignedUp():
		return other.SignedUp()
	}
	return u.Newer(other)
}

// Newer reports whether the user was created after another one.
func (u *User) Newer(than User) bool {
	if order := u.CreatedAt.Compare(than.CreatedAt); order != 0 {
		return order > 0
	}
	return bytes.Compare(u.ID[:], than.ID[:]) > 0
}

// Rename sets the names; empty ones are cleared.
func (u *User) Rename(first, last string, now time.Time) error {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	if err := checkName("first_name", first); err != nil {
		return err
	}
	if err := checkName("last_name", last); err != nil {
		return err
	}
	u.FirstName, u.LastName, u.UpdatedAt = first, last, now
	return nil
}

func checkName(field, name string) error {
	if !utf8.ValidString(name) {
		return Invalid(field, "must be valid UTF-8")
	}
	if utf8.RuneCountInString(name) > nameMaxCharacters {
		return Invalid(field, "must have at most 100 characters")
	}
	for _, r := range name {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return Invalid(field, "must not contain control characters")
		}
	}
	return nil
}

// ChangeEmail replaces the address, and drops a pending one. The caller has checked the proof.
func (u *User) ChangeEmail(email Email, now time.Time) {
	u.Email, u.PendingEmail, u.UpdatedAt = email, Email{}, now
}

// AwaitEmail sets the pending address.
func (u *User) AwaitEmail(email Email, now time.Time) { u.PendingEmail, u.UpdatedAt = email, now }

// ChangeRole replaces the role. Only a verified user can become an admin.
func (u *User) ChangeRole(role Role, now time.Time) error {
	if role == RoleAdmin && !u.Verified() {
		return ErrUnverifiedUser
	}
	u.Role, u.UpdatedAt = role, now
	return nil
}

// ChangeLocale sets the language of the user's mails.
func (u *User) ChangeLocale(locale Locale, now time.Time) { u.Locale, u.UpdatedAt = locale, now }

// ChangePassword replaces the password, and drops a pending address, which was asked for with the old one.
func (u *User) ChangePassword(hash PasswordHash, now time.Time) {
	u.PasswordHash, u.PendingEmail, u.UpdatedAt = hash, Email{}, now
	u.PasswordVersion++
}

// Block keeps the user out until a time, or, when it is zero, until Unblock.
func (u *User) Block(reason string, until, now time.Time) error {
	reason = strings.TrimSpace(reason)
	if err := checkName("reason", reason); err != nil {
		return err
	}
	if !until.IsZero() && !until.After(now) {
		return Invalid("until", "must be in the future")
	}
	if until.After(now.AddDate(maxBlockYears, 0, 0)) {
		return Invalid("until", "must be at most ten years ahead")
	}
	u.Blocked, u.BlockReason, u.BlockedUntil, u.UpdatedAt = true, reason, until, now
	return nil
}

// Unblock lets the user in again.
func (u *User) Unblock(now time.Time) {
	u.Blocked, u.BlockReason, u.BlockedUntil, u.UpdatedAt = false, "", time.Time{}, now
}

// BlockedAt reports whether the user is blocked at a time: a timed block ends by itself.
func (u *User) BlockedAt(now time.Time) bool {
	return u.Blocked && (u.BlockedUntil.IsZero() || now.Before(u.BlockedUntil))
}

// At returns the user as it is at a time: an ended block is none.
func (u *User) At(now time.Time) User {
	then := *u
	if !u.BlockedAt(now) {
		then.Blocked, then.BlockedUntil, then.BlockReason = false, time.Time{}, ""
	}
	return then
}

// ActiveAdmin reports whether the user is an admin who can act. At least one must remain. A block with an end counts
// like one without: until then, nobody could act.
func (u *User) ActiveAdmin(now time.Time) bool {
	return u.Role == RoleAdmin && u.Verified() && !u.BlockedAt(now)
}
