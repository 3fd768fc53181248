package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"coffeeshop/application"
	"coffeeshop/domain"
)

// passwordFailures are those of new passwords; throttled and overloaded those of calls that compare a password or a code.
var (
	passwordFailures = []*domain.Error{domain.ErrPasswordCommon, domain.ErrPasswordPersonal, domain.ErrPasswordProduct}
	throttled        = domain.Throttled(time.Second)
	overloaded       = domain.Overloaded(time.Second)
)

func (a *API) registerAccount() {
	register(a, huma.Operation{
		OperationID: "forgot-password", Method: http.MethodPost, Path: "/auth/forgot-password", Tags: []string{tagAuth}, DefaultStatus: http.StatusAccepted,
		Summary:     "Have a code mailed that resets the password",
		Description: "Answers alike whether the address is known or not. At most one mail a minute goes to an address.",
	}, a.forgotPassword, throttled)
	register(a, huma.Operation{
		OperationID: "reset-password", Method: http.MethodPost, Path: "/auth/reset-password", Tags: []string{tagAuth},
		Summary:     "Set a new password with the mailed code",
		Description: "All sessions end. The code proves the address: an unverified account becomes verified.",
	}, a.resetPassword, append(passwordFailures, domain.ErrInvalidCode, throttled, overloaded)...)
	register(a, huma.Operation{
		OperationID: opMe, Method: http.MethodGet, Path: "/users/me", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "The caller", Description: "Read from the database at each call, so that a change shows at once.",
	}, a.me)
	register(a, huma.Operation{
		OperationID: "update-me", Method: http.MethodPatch, Path: "/users/me", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "Change one's own account",
		Description: "What is absent stays; `null` clears a name. An `email` takes `current_password`, and holds once the code that is mailed there is confirmed. `role` is for admins.",
		RequestBody: example(map[string]any{"first_name": "Ada", "last_name": nil}),
	}, a.updateMe, updateFailures...)
	register(a, huma.Operation{
		OperationID: "change-password", Method: http.MethodPut, Path: "/users/me/password", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Change one's own password", Description: "The other sessions end, and a mail tells the owner.",
	}, a.changePassword, append(passwordFailures, domain.ErrWrongPassword, domain.ErrConflict, throttled, overloaded)...)
	register(a, huma.Operation{
		OperationID: "confirm-email", Method: http.MethodPost, Path: "/users/me/email/confirm", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "Put the pending address into force with the code that was mailed there",
		Description: "The account then belongs to the new address, and the old one logs nobody in.",
	}, a.confirmEmail, domain.ErrInvalidCode, domain.ErrConflict, throttled)
	register(a, huma.Operation{
		OperationID: "delete-me", Method: http.MethodDelete, Path: "/users/me", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Delete one's own account", Description: deletion,
	}, a.deleteOwnAccount, domain.ErrWrongPassword, domain.ErrLastAdmin, domain.ErrVersionConflict, throttled, overloaded)
	register(a, huma.Operation{
		OperationID: "delete-own-account", Method: http.MethodPost, Path: "/users/me/delete", Tags: []string{tagUsers}, Security: loggedIn, DefaultStatus: http.StatusNoContent,
		Summary: "Delete one's own account, for clients that send no body with DELETE", Description: deletion,
	}, a.deleteOwnAccount, domain.ErrWrongPassword, domain.ErrLastAdmin, domain.ErrVersionConflict, throttled, overloaded)
}

const deletion = "Takes the password. Nothing of the account stays but audit rows without address, network and user agent."

// AddressBody names an address.
type AddressBody struct {
	Email emailText `json:"email" maxLength:"254" example:"ada@example.com" doc:"The account's address."`
}

func (a *API) forgotPassword(ctx context.Context, in *struct{ Body AddressBody }) (*messageOutput, error) {
	return message("If the address has an account, a code is on its way.", a.app.ForgotPassword(ctx, string(in.Body.Email), sourceOf(ctx)))
}

// ResetPasswordBody sets a new password with a code.
type ResetPasswordBody struct {
	Email       emailText    `json:"email" maxLength:"254" example:"ada@example.com" doc:"The address that the code went to."`
	Code        string       `json:"code" maxLength:"64" example:"123456" doc:"The six digits or the long code of the mail."`
	NewPassword passwordText `json:"new_password" minLength:"8" maxLength:"1024" example:"battery staple horse" doc:"8 characters to 1,024 bytes."`
}

func (a *API) resetPassword(ctx context.Context, in *struct{ Body ResetPasswordBody }) (*messageOutput, error) {
	return message("The password is set.", a.app.ResetPassword(ctx, application.ResetPassword{
		Email: string(in.Body.Email), Code: in.Body.Code, NewPassword: string(in.Body.NewPassword), Source: sourceOf(ctx),
	}))
}

// ChangePasswordBody replaces a password.
type ChangePasswordBody struct {
	CurrentPassword string       `json:"current_password" example:"correct horse battery staple" doc:"The present password."`
	NewPassword     passwordText `json:"new_password" minLength:"8" maxLength:"1024" example:"battery staple horse" doc:"8 characters to 1,024 bytes."`
}

func (a *API) changePassword(ctx context.Context, in *struct{ Body ChangePasswordBody }) (*struct{}, error) {
	return nil, a.app.ChangePassword(ctx, principalOf(ctx), in.Body.CurrentPassword, string(in.Body.NewPassword), sourceOf(ctx))
}

// CodeBody answers a mail.
type CodeBody struct {
	Code string `json:"code" maxLength:"64" example:"123456" doc:"The six digits or the long code of the mail."`
}

func (a *API) confirmEmail(ctx context.Context, in *struct{ Body CodeBody }) (*userOutput, error) {
	return userAnswer(a.app.ConfirmEmail(ctx, principalOf(ctx), in.Body.Code, sourceOf(ctx)))
}

// CurrentPasswordBody proves that the owner asks.
type CurrentPasswordBody struct {
	CurrentPassword string `json:"current_password" example:"correct horse battery staple" doc:"The present password."`
}

type deleteMeInput struct {
	Conditional
	Body CurrentPasswordBody
}

func (a *API) deleteOwnAccount(ctx context.Context, in *deleteMeInput) (*struct{}, error) {
	return nil, a.app.DeleteOwnAccount(ctx, principalOf(ctx), in.Body.CurrentPassword, in.when, sourceOf(ctx))
}
