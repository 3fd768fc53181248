package domain

import (
	"time"

	"github.com/google/uuid"
)

// NoticeKind is the kind of a mail that tells a user what happened to the account.
type NoticeKind string

// The notices.
const (
	NoticeSessionStolen    NoticeKind = "session_stolen"
	NoticePasswordReset    NoticeKind = "password_reset"
	NoticePasswordChanged  NoticeKind = "password_changed"
	NoticeEmailRequested   NoticeKind = "email_requested" // to the old address: a change awaits its proof
	NoticeEmailChanged     NoticeKind = "email_changed"   // to the old address, and after an admin's change to both
	NoticeSignUpAttempted  NoticeKind = "sign_up_attempted"
	NoticeAddressRequested NoticeKind = "address_requested" // to the owner of an address that another account wants
	NoticeSuspiciousLogin  NoticeKind = "suspicious_login"
	NoticeAccountDeleted   NoticeKind = "account_deleted"
)

// Notice is a mail that waits to be sent. It carries its own address, since the account may be gone, or have another
// address, when the mail goes out.
type Notice struct {
	ID        uuid.UUID
	Kind      NoticeKind
	Email     Email
	Locale    Locale
	Source    Source // of the request that caused it
	CreatedAt time.Time
}
