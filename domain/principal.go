package domain

import "github.com/google/uuid"

// Actor is the party on whose behalf the application writes: a Principal, Anonymous or the Operator.
type Actor interface{ actor() }

// Anonymous is a caller without a token. Its rights come from a code or a password that it gives.
type Anonymous struct{}

// Operator runs the service, at its terminal and by its settings. It is no user, and has neither session nor role.
type Operator struct{}

func (Principal) actor() {}
func (Anonymous) actor() {}
func (Operator) actor()  {}

// RequireAdmin returns ErrAdminOnly unless the actor may administer users: an admin, or the operator.
func RequireAdmin(a Actor) error {
	switch a := a.(type) {
	case Operator:
		return nil
	case Principal:
		if a.IsAdmin() {
			return nil
		}
	}
	return ErrAdminOnly
}

// Principal is an authenticated caller: the user and session as they are now, not as the token says.
type Principal struct {
	User      User
	SessionID uuid.UUID
}

// IsAdmin reports whether the caller may administer users.
func (p Principal) IsAdmin() bool { return p.User.Role == RoleAdmin }
