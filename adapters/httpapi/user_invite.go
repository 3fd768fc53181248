package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerInvitations() {
	register(a, huma.Operation{
		OperationID: "invite-user", Method: http.MethodPost, Path: "/users", Tags: []string{tagUsers}, Security: loggedIn, DefaultStatus: http.StatusCreated,
		Summary: "Invite somebody",
		Description: "For admins. Makes an account without a password and mails an invitation, which is good for 72 hours; `POST /auth/reset-password` with its code accepts it. " +
			"It ends when the address is verified in another way, and one to the role `admin` when its inviter is no active admin any more.",
		RequestBody: example(map[string]any{"email": "ada@example.com", "first_name": "Ada"}),
	}, a.inviteUser, domain.ErrAdminOnly, domain.ErrEmailTaken, domain.ErrAlreadyInvited, throttled)
	register(a, huma.Operation{
		OperationID: "repeat-invitation", Method: http.MethodPost, Path: "/users/{id}/invite", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Mail an invitation again", Description: "For admins. It begins anew, with the caller as inviter: the earlier mail's code is no longer good.",
	}, a.repeatInvitation, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrNotInvited, domain.ErrConflict, domain.ErrVersionConflict, throttled)
	register(a, huma.Operation{
		OperationID: "revoke-invitation", Method: http.MethodDelete, Path: "/users/{id}/invite", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Revoke an invitation", Description: "For admins. Its code opens nothing from then on, and the invited account is gone.",
	}, a.revokeInvitation, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrNotInvited, domain.ErrVersionConflict)
	register(a, huma.Operation{
		OperationID: "start-reset", Method: http.MethodPost, Path: "/users/{id}/reset-password", Tags: []string{tagUsers}, Security: loggedIn, DefaultStatus: http.StatusAccepted,
		Summary: "Mail a user a code that resets the password", Description: "For admins, who learn neither the code nor the password. The present password stays good until there is another. At most one mail a minute goes to an address.",
	}, a.startReset, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrUnverifiedUser, throttled)
}

// InviteBody asks for an account of somebody else.
type InviteBody struct {
	Email     emailText   `json:"email" maxLength:"254" example:"ada@example.com" doc:"The address; the invitation goes there."`
	FirstName *string     `json:"first_name,omitempty" maxLength:"100" example:"Ada" doc:"The first name."`
	LastName  *string     `json:"last_name,omitempty" maxLength:"100" example:"Lovelace" doc:"The last name."`
	Role      string      `json:"role,omitempty" enum:"user,admin" example:"user" doc:"The role from the acceptance on; without it, user."`
	Locale    *localeText `json:"locale,omitempty" maxLength:"7" example:"en" doc:"The language of mails; without it, English."`
}

func (a *API) inviteUser(ctx context.Context, in *struct{ Body InviteBody }) (*userOutput, error) {
	return userAnswer(a.app.InviteUser(ctx, principalOf(ctx), application.InviteUser{
		Email: string(in.Body.Email), FirstName: given(in.Body.FirstName), LastName: given(in.Body.LastName), Role: in.Body.Role,
		Locale: given((*string)(in.Body.Locale)), Source: sourceOf(ctx),
	}))
}

func (a *API) repeatInvitation(ctx context.Context, in *changeUserInput) (*userOutput, error) {
	return userAnswer(a.app.RepeatInvitation(ctx, principalOf(ctx), in.ID.UUID, in.when, sourceOf(ctx)))
}

func (a *API) revokeInvitation(ctx context.Context, in *changeUserInput) (*struct{}, error) {
	return nil, a.app.RevokeInvitation(ctx, principalOf(ctx), in.ID.UUID, in.when, sourceOf(ctx))
}

func (a *API) startReset(ctx context.Context, in *userPath) (*messageOutput, error) {
	return message("A code is on its way to the user.", a.app.StartReset(ctx, principalOf(ctx), in.ID.UUID, sourceOf(ctx)))
}
