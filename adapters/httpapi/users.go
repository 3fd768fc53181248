package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

const opMe = "get-me" // whose one statement reads the custom fields too

func (a *API) registerUsers() {
	register(a, huma.Operation{
		OperationID: "get-user", Method: http.MethodGet, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "One user", Description: "For admins.",
	}, a.getUser, domain.ErrAdminOnly, domain.ErrUserNotFound)
	register(a, huma.Operation{
		OperationID: "update-user", Method: http.MethodPatch, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "Change a user",
		Description: "For the user itself and for admins. What is absent stays; `null` clears a name. `role` is for admins. An `email` that an admin gives somebody else holds at once; one's own takes `current_password`, and holds once the code that is mailed there is confirmed.",
		RequestBody: example(map[string]any{"first_name": "Ada", "last_name": nil}),
	}, a.updateUser, append(updateFailures, domain.ErrNotYourAccount, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrUnverifiedUser)...)
	register(a, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Delete a user", Description: "For admins. The user's sessions end at once.",
	}, a.deleteUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrLastAdmin, domain.ErrVersionConflict)
}

var updateFailures = []*domain.Error{domain.ErrRoleChangeDenied, domain.ErrAppDataDenied, domain.ErrPasswordRequired, domain.ErrWrongPassword, domain.ErrEmailTaken,
	domain.ErrLastAdmin, domain.ErrConflict, domain.ErrVersionConflict, throttled, overloaded}

// User is an account.
type User struct {
	ID           uuid.UUID  `json:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Email        string     `json:"email" example:"ada@example.com" doc:"The address, as it was given."`
	PendingEmail *string    `json:"pending_email" example:"ada.king@example.com" doc:"The address that waits for its proof."`
	FirstName    *string    `json:"first_name" example:"Ada" doc:"The first name."`
	LastName     *string    `json:"last_name" example:"Lovelace" doc:"The last name."`
	Blocked      bool       `json:"blocked" example:"false" doc:"Whether the user is kept out."`
	BlockReason  *string    `json:"block_reason" example:"Asked us to." doc:"Why."`
	BlockedUntil *time.Time `json:"blocked_until" example:"2035-01-31T12:00:00Z" doc:"When the block ends by itself; null: when somebody unblocks."`
	Status       string     `json:"status" enum:"unverified,verified" example:"verified" doc:"Whether the address is proved."`
	Role         string     `json:"role" enum:"user,admin" example:"user" doc:"What the user may do."`
	Invited      bool       `json:"invited" example:"false" doc:"Whether it is an invitation that waits to be accepted."`
	LegacyID     *string    `json:"legacy_id" example:"4711" doc:"The id in the system that the user came from."`
	Locale       string     `json:"locale" example:"en" doc:"The language of mails."`
	Profile      jsonObject `json:"profile" doc:"Custom fields that the user and admins change; null: none."`
	AppData      jsonObject `json:"app_data" doc:"Custom fields that admins change; null: none."`
	CreatedAt    time.Time  `json:"created_at" example:"2026-01-31T12:00:00.000001Z" doc:"When the user signed up."`
	UpdatedAt    time.Time  `json:"updated_at" example:"2026-01-31T12:05:00.000001Z" doc:"When the user was last changed."`
}

type userOutput struct {
	ETag string `header:"ETag" example:"\"3\"" doc:"The user's version, for If-Match."`
	Body User
}

func userBody(u domain.User) User {
	return User{
		ID: u.ID, Email: u.Email.Address, PendingEmail: orNull(u.PendingEmail.Address), FirstName: orNull(u.FirstName), LastName: orNull(u.LastName),
		Blocked: u.Blocked, BlockReason: orNull(u.BlockReason), BlockedUntil: orNull(u.BlockedUntil), Invited: u.Invited(), LegacyID: orNull(u.LegacyID),
		Status: string(u.Status), Role: string(u.Role), Locale: string(u.Locale), Profile: jsonObject(u.Custom.Profile.Text()), AppData: jsonObject(u.Custom.AppData.Text()),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// userAnswer answers with a user, or fails.
func userAnswer(u domain.User, err error) (*userOutput, error) {
	if err != nil {
		return nil, err
	}
	return &userOutput{ETag: entityTag(u.Version), Body: userBody(u)}, nil
}

// orNull returns nil for the zero value.
func orNull[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func (a *API) me(ctx context.Context, _ *struct{}) (*userOutput, error) {
	return userAnswer(principalOf(ctx).User, nil)
}

type userPath struct {
	ID pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
}

func (a *API) getUser(ctx context.Context, in *userPath) (*userOutput, error) {
	return userAnswer(a.app.User(ctx, principalOf(ctx), in.ID.UUID))
}

// UpdateUserBody holds the changes.
type UpdateUserBody struct {
	FirstName       clearable   `json:"first_name,omitempty" example:"Ada" doc:"The first name; null clears it."`
	LastName        clearable   `json:"last_name,omitempty" example:"King" doc:"The last name; null clears it."`
	Email           *emailText  `json:"email,omitempty" maxLength:"254" example:"ada.king@example.com" doc:"The address."`
	CurrentPassword string      `json:"current_password,omitempty" example:"correct horse battery staple" doc:"Needed to change one's own address."`
	Locale          *localeText `json:"locale,omitempty" maxLength:"7" example:"en" doc:"The language of mails, such as en or pt-BR. Where there are no mails in it, they are in English."`
	Profile         jsonObject  `json:"profile,omitempty" doc:"A merge patch (RFC 7396) of the custom fields: members replace those of the same name, null removes one; null for the whole clears it. At most 8 KiB afterwards, 16 levels deep."`
	AppData         jsonObject  `json:"app_data,omitempty" doc:"The same for app_data; for admins."`
	Role            *string     `json:"role,omitempty" enum:"user,admin" example:"admin" doc:"The role; for admins."`
}

type updateUserInput struct {
	Conditional
	ID   pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Body UpdateUserBody
}

func (a *API) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	return a.update(ctx, in.ID.UUID, in.when, in.Body)
}

type updateMeInput struct {
	Conditional
	Body UpdateUserBody
}

func (a *API) updateMe(ctx context.Context, in *updateMeInput) (*userOutput, error) {
	return a.update(ctx, principalOf(ctx).User.ID, in.when, in.Body)
}

func (a *API) update(ctx context.Context, id uuid.UUID, when domain.Versions, body UpdateUserBody) (*userOutput, error) {
	return userAnswer(a.app.UpdateUser(ctx, principalOf(ctx), application.UpdateUser{
		ID: id, FirstName: body.FirstName.text, LastName: body.LastName.text,
		Email: (*string)(body.Email), Role: body.Role, Locale: (*string)(body.Locale), Profile: body.Profile, AppData: body.AppData, CurrentPassword: body.CurrentPassword, When: when, Source: sourceOf(ctx),
	}))
}

type changeUserInput struct {
	Conditional
	ID pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
}

func (a *API) deleteUser(ctx context.Context, in *changeUserInput) (*struct{}, error) {
	return nil, a.app.DeleteUser(ctx, principalOf(ctx), in.ID.UUID, in.when, sourceOf(ctx))
}

// pathID is a user's id in a path, in the one form that we write.
type pathID struct{ uuid.UUID }

// UnmarshalText accepts fewer forms than the embedded method, and does not quote a refused text.
func (id *pathID) UnmarshalText(text []byte) (err error) {
	if len(text) != 36 {
		return errors.New("must be a UUID")
	}
	if id.UUID, err = uuid.ParseBytes(text); err != nil {
		return errors.New("must be a UUID")
	}
	return nil
}

// jsonObject is a JSON object as it was sent, or is sent; empty: null, or absent.
type jsonObject []byte

// MarshalJSON writes null for none.
func (o jsonObject) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("null"), nil
	}
	return o, nil
}

// UnmarshalJSON keeps the text, null too.
func (o *jsonObject) UnmarshalJSON(text []byte) error {
	*o = slices.Clone(text)
	return nil
}

// Schema implements huma.SchemaProvider.
func (jsonObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true, Examples: []any{map[string]any{"theme": "dark"}}}
}

// clearable is a text that null clears. It distinguishes null, the empty text, from absence.
type clearable struct{ text *string }

// UnmarshalJSON reads text or null.
func (t *clearable) UnmarshalJSON(data []byte) error {
	t.text = new(string)
	return json.Unmarshal(data, t.text) // null leaves it empty
}

// Schema implements huma.SchemaProvider.
func (clearable) Schema(huma.Registry) *huma.Schema {
	most := 100
	return &huma.Schema{Type: huma.TypeString, Nullable: true, MaxLength: &most}
}
