package domain

import (
	"time"

	"github.com/google/uuid"
)

// Action names what an audit event records.
type Action string

// The actions.
const (
	ActionUserSignedUp      Action = "user.signed_up"
	ActionUserVerified      Action = "user.verified"
	ActionUserUpdated       Action = "user.updated"
	ActionUserDeleted       Action = "user.deleted"
	ActionUserBlocked       Action = "user.blocked"
	ActionUserUnblocked     Action = "user.unblocked"
	ActionRoleChanged       Action = "user.role_changed"
	ActionEmailChanged      Action = "user.email_changed"
	ActionAdminCreated      Action = "admin.created"
	ActionCodeMailed        Action = "code.mailed"
	ActionPasswordReset     Action = "user.password_reset"
	ActionPasswordChanged   Action = "user.password_changed"
	ActionEmailRequested    Action = "user.email_requested"
	ActionLoginSuspicious   Action = "login.suspicious"
	ActionSessionStarted    Action = "session.started"
	ActionSessionEnded      Action = "session.ended"
	ActionSessionsEnded     Action = "session.all_ended"
	ActionSessionSuperseded Action = "session.superseded"
	ActionSessionStolen     Action = "session.stolen"
)

// AuditEvent records an action, its actor and its subject. It holds no secret, and outlives the users that it names.
type AuditEvent struct {
	ID      uuid.UUID
	At      time.Time
	Actor   uuid.UUID // nil: an anonymous caller, the operator or the service
	Subject uuid.UUID // the user it happened to
	Action  Action
	Source  Source
	Details map[string]string
}
