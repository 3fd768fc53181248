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
	ActionUserInvited       Action = "user.invited"
	ActionInviteRepeated    Action = "invitation.repeated"
	ActionInviteAccepted    Action = "invitation.accepted"
	ActionInviteRevoked     Action = "invitation.revoked"
	ActionInviteEnded       Action = "invitation.ended" // the address was verified in another way, or its inviter is no admin any more
	ActionUserVerified      Action = "user.verified"
	ActionUserUpdated       Action = "user.updated"
	ActionUserDeleted       Action = "user.deleted"
	ActionUserBlocked       Action = "user.blocked"
	ActionUserUnblocked     Action = "user.unblocked"
	ActionRoleChanged       Action = "user.role_changed"
	ActionEmailChanged      Action = "user.email_changed"
	ActionUsersImported     Action = "users.imported" // a whole run
	ActionAdminCreated      Action = "admin.created"
	ActionCodeMailed        Action = "code.mailed"
	ActionResetRequested    Action = "user.reset_requested" // by an admin
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

// Actions are all of them.
var Actions = []Action{
	ActionUserSignedUp, ActionUserInvited, ActionInviteRepeated, ActionInviteAccepted, ActionInviteRevoked, ActionInviteEnded,
	ActionUserVerified, ActionUserUpdated, ActionUserDeleted, ActionUserBlocked, ActionUserUnblocked, ActionRoleChanged, ActionEmailChanged,
	ActionUsersImported, ActionAdminCreated, ActionCodeMailed, ActionResetRequested, ActionPasswordReset, ActionPasswordChanged, ActionEmailRequested,
	ActionLoginSuspicious, ActionSessionStarted, ActionSessionEnded, ActionSessionsEnded, ActionSessionSuperseded, ActionSessionStolen,
}

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
