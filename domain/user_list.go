package domain

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// UserFilter chooses users: those that fit all that is given.
type UserFilter struct {
	Status   Status // empty: any
	Role     Role   // empty: any
	Blocked  *bool  // whether blocked at Now
	Invited  *bool
	LegacyID string // empty: any
	Prefix   Prefix // of the search key of the address, the first or the last name
	Now      time.Time
}

// Fits reports whether the filter chooses a user.
func (f UserFilter) Fits(u User) bool {
	if !f.Prefix.IsZero() {
		email, first, last := u.SearchKeys()
		if !f.Prefix.Of(email) && !f.Prefix.Of(first) && !f.Prefix.Of(last) {
			return false
		}
	}
	return (f.Status == "" || f.Status == u.Status) && (f.Role == "" || f.Role == u.Role) &&
		(f.Blocked == nil || *f.Blocked == u.BlockedAt(f.Now)) && (f.Invited == nil || *f.Invited == u.Invited()) &&
		(f.LegacyID == "" || f.LegacyID == u.LegacyID)
}

// All reports whether the filter chooses every user.
func (f UserFilter) All() bool { return f == UserFilter{Now: f.Now} }

// OnlyPrefix reports whether the filter chooses users by nothing but a prefix.
func (f UserFilter) OnlyPrefix() bool {
	return !f.Prefix.IsZero() && f == UserFilter{Prefix: f.Prefix, Now: f.Now}
}

// Text is the filter as text, without Now: two filters that differ have different texts.
func (f UserFilter) Text() string {
	condition := func(b *bool) string {
		if b == nil {
			return "any"
		}
		return strconv.FormatBool(*b)
	}
	return fmt.Sprintf("%q %q %s %s %q %q", f.Status, f.Role, condition(f.Blocked), condition(f.Invited), f.LegacyID, f.Prefix.key)
}

// ParseLegacyID checks an id that another system gave a user.
func ParseLegacyID(text string) (string, error) {
	if text == "" {
		return "", Invalid("legacy_id", "must not be empty")
	}
	return text, checkSearched("legacy_id", text)
}

// UserSort is an order of users; those that are equal in it stand by id, in the same direction.
type UserSort string

// The orders.
const (
	SortNewest UserSort = "-created_at"
	SortOldest UserSort = "created_at"
	SortEmail  UserSort = "email" // by the search key
)

// UserPlace is the place of a user in a list. The zero UserPlace is before all.
type UserPlace struct {
	At    time.Time // SortNewest, SortOldest
	Email string    // SortEmail
	ID    uuid.UUID
}

// IsZero reports whether the place is before all.
func (p UserPlace) IsZero() bool { return p.ID == uuid.Nil }

// Place is the place of a user.
func (s UserSort) Place(u User) UserPlace {
	if s == SortEmail {
		email, _, _ := u.SearchKeys()
		return UserPlace{Email: email, ID: u.ID}
	}
	return UserPlace{At: u.CreatedAt, ID: u.ID}
}

// Compare orders places, as cmp.Compare does.
func (s UserSort) Compare(a, b UserPlace) int {
	order := cmp.Or(a.At.Compare(b.At), strings.Compare(a.Email, b.Email), bytes.Compare(a.ID[:], b.ID[:]))
	if s == SortNewest {
		return -order
	}
	return order
}

// UserQuery asks for a page of users.
type UserQuery struct {
	UserFilter
	Sort  UserSort
	After UserPlace
	Limit int
}

// UserPage is a page of users. It may have fewer than were asked for, or none, although more follow.
type UserPage struct {
	Users []User
	Next  UserPlace // where the next page begins; zero: this is the last one
}

// Page makes a page of the users that follow in the order: up to one more than the limit, by which it is known that there
// is another page.
func (q UserQuery) Page(following []User) UserPage {
	if len(following) <= q.Limit {
		return UserPage{Users: following}
	}
	return UserPage{Users: following[:q.Limit], Next: q.Sort.Place(following[q.Limit-1])}
}

// Tally is how many users a filter chooses: exactly, or at least so many.
type Tally struct {
	N     int
	Exact bool
}
