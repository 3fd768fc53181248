package domain

import "time"

// Kind is the sort of a failure; the edge maps it to a status in one table.
type Kind uint8

// The kinds of failure.
const (
	KindInvalid         Kind = iota + 1 // the input breaks a rule
	KindMalformed                       // the input is nothing that the service gave out
	KindUnauthenticated                 // the caller has not proved who they are
	KindForbidden                       // the caller may not do this
	KindNotFound                        // the thing does not exist
	KindConflict                        // the state does not allow it
	KindPrecondition                    // the caller's condition on the state does not hold
	KindThrottled                       // a budget is used up; RetryAfter says when to come back
	KindUnavailable                     // overloaded or a dependency is down; the same call may work later
)

// Error is a failure that a caller may be told about. Code is stable: clients switch on it. Two Errors are the
// same to errors.Is when their codes are equal.
type Error struct {
	Kind       Kind
	Code       string
	Message    string
	Fields     []Field
	RetryAfter time.Duration // KindThrottled and KindUnavailable only
	Throttle   string        // the name of the one that refused, for operators: callers are not told it
}

// Field names one faulty input. It never holds the submitted value, which may be a secret.
type Field struct {
	Name    string // the property, as in the request: "password"
	Message string
}

func (e *Error) Error() string { return e.Message }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Invalid returns the error of one faulty input.
func Invalid(field, message string) *Error {
	return &Error{Kind: KindInvalid, Code: "invalid_input", Message: "The input is not valid.",
		Fields: []Field{{Name: field, Message: message}}}
}

// Throttled returns the error of a budget that is used up for another retryAfter.
func Throttled(retryAfter time.Duration) *Error {
	return &Error{Kind: KindThrottled, Code: "too_many_requests",
		Message: "Too many attempts. Try again later.", RetryAfter: retryAfter}
}

// ThrottledBy is Throttled with the throttle that refused.
func ThrottledBy(t Throttle, retryAfter time.Duration) *Error {
	e := Throttled(retryAfter)
	e.Throttle = t.String()
	return e
}

// Overloaded returns the error of a queue that cannot take the work now.
func Overloaded(retryAfter time.Duration) *Error {
	return &Error{Kind: KindUnavailable, Code: "overloaded",
		Message: "The service is overloaded. Try again later.", RetryAfter: retryAfter}
}

// The failures that carry nothing but their code.
var (
	ErrNotFound           = &Error{Kind: KindNotFound, Code: "not_found", Message: "There is no such thing."}
	ErrUserNotFound       = &Error{Kind: KindNotFound, Code: "user_not_found", Message: "There is no such user."}
	ErrSessionNotFound    = &Error{Kind: KindNotFound, Code: "session_not_found", Message: "There is no such session."}
	ErrUnavailable        = &Error{Kind: KindUnavailable, Code: "unavailable", Message: "The service cannot answer now. Try again later.", RetryAfter: 2 * time.Second}
	ErrInvalidCredentials = &Error{Kind: KindUnauthenticated, Code: "invalid_credentials", Message: "E-mail or password is wrong."}
	ErrAccountUnverified  = &Error{Kind: KindForbidden, Code: "account_unverified", Message: "The e-mail address is not verified yet."}
	ErrAccountBlocked     = &Error{Kind: KindForbidden, Code: "account_blocked", Message: "The account is blocked."}
	ErrInvalidCursor      = &Error{Kind: KindMalformed, Code: "invalid_cursor", Message: "The cursor is not one of this list with these filters. Begin at the first page."}
	ErrInvalidCode        = &Error{Kind: KindInvalid, Code: "invalid_code", Message: "The code is not valid."}
	ErrEmailTaken         = &Error{Kind: KindConflict, Code: "email_taken", Message: "The e-mail address belongs to another account."}
	ErrAlreadyInvited     = &Error{Kind: KindConflict, Code: "already_invited", Message: "The e-mail address has an invitation already."}
	ErrNotInvited         = &Error{Kind: KindConflict, Code: "not_invited", Message: "The user is not an invitation that waits to be accepted."}
	ErrLastAdmin          = &Error{Kind: KindConflict, Code: "last_admin", Message: "At least one active admin has to remain."}
	ErrConflict           = &Error{Kind: KindConflict, Code: "conflict", Message: "The user was changed at the same time. Read it again and retry."}
	ErrVersionConflict    = &Error{Kind: KindPrecondition, Code: "version_conflict", Message: "The user is no longer the version that If-Match names. Read it again and decide anew."}
	ErrUnverifiedUser     = &Error{Kind: KindConflict, Code: "user_unverified", Message: "The user has not verified the e-mail address yet."}
	ErrAdminOnly          = &Error{Kind: KindForbidden, Code: "admin_only", Message: "Only an admin may do this."}
	ErrRoleChangeDenied   = &Error{Kind: KindForbidden, Code: "role_change_denied", Message: "Only an admin may change a role."}
	ErrAppDataDenied      = &Error{Kind: KindForbidden, Code: "app_data_change_denied", Message: "Only an admin may change app_data."}
	ErrPasswordRequired   = &Error{Kind: KindForbidden, Code: "password_required", Message: "Changing one's own e-mail address takes the current password."}
	ErrWrongPassword      = &Error{Kind: KindForbidden, Code: "wrong_password", Message: "The current password is wrong."}
	ErrNotYourAccount     = &Error{Kind: KindForbidden, Code: "not_your_account", Message: "This is another user's account."}

	ErrTokenMissing   = &Error{Kind: KindUnauthenticated, Code: "token_missing", Message: "A bearer token is required."}
	ErrTokenMalformed = &Error{Kind: KindUnauthenticated, Code: "token_malformed", Message: "The token is not one of ours."}
	ErrTokenExpired   = &Error{Kind: KindUnauthenticated, Code: "token_expired", Message: "The token has expired."}
	ErrTokenScope     = &Error{Kind: KindUnauthenticated, Code: "token_wrong_scope", Message: "The token is not meant for this use."}
	ErrTokenUnknown   = &Error{Kind: KindUnauthenticated, Code: "token_unknown", Message: "The token is not known."}
	ErrTokenRevoked   = &Error{Kind: KindUnauthenticated, Code: "token_revoked", Message: "The token has been revoked."}
	ErrTokenReused    = &Error{Kind: KindUnauthenticated, Code: "token_reused", Message: "The token was used before; the session has been ended."}
	ErrSessionEnded   = &Error{Kind: KindUnauthenticated, Code: "session_ended", Message: "The session has ended."}
)
