package domain

import "github.com/google/uuid"

// Actor is on whose behalf something is written: a Principal, Anonymous or the Operator.
type Actor interface{ actor() }

// Anonymous is a caller without a token. What it may do follows from what it proves: a code, a password.
type Anonymous struct{}

// Operator is who runs the service, at its terminal and by its settings. It is no user, so that there is no session
// and no role to look at.
type Operator struct{}

func (Principal) actor() {}
func (Anonymous) actor() {}
func (Operator) actor()  {}

// Principal is an authenticated caller: the user and session as they are now, not as the token says.
type Principal struct {
	User      User
	SessionID uuid.UUID
}

// IsAdmin reports whether the caller may administer users.
func (p Principal) IsAdmin() bool { return p.User.Role == RoleAdmin }

// RequireAdmin returns ErrAdminOnly for anybody else.
func (p Principal) RequireAdmin() error {
	if !p.IsAdmin() {
		return ErrAdminOnly
	}
	return nil
}
