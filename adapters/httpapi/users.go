package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerUsers() {
	// Before /users/{id}, which would take it.
	register(a, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/users/me", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "The caller",
	}, a.me)
	register(a, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/users", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "All users, newest first, in pages",
		Description: "For admins. Users that are added meanwhile neither repeat nor hide others.",
	}, a.listUsers, domain.ErrAdminOnly)
	register(a, huma.Operation{
		OperationID: "get-user", Method: http.MethodGet, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "One user", Description: "For admins.",
	}, a.getUser, domain.ErrAdminOnly, domain.ErrUserNotFound)
	register(a, huma.Operation{
		OperationID: "update-user", Method: http.MethodPatch, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "Change a user",
		Description: "For the user itself and for admins. What is absent stays; `null` clears a name. `role` is for admins. An `email` that an admin gives somebody else holds at once; one's own takes `current_password`, and holds once the code that is mailed there is confirmed.",
		RequestBody: example(map[string]any{"first_name": "Ada", "last_name": nil}),
	}, a.updateUser, domain.ErrNotYourAccount, domain.ErrRoleChangeDenied, domain.ErrPasswordRequired, domain.ErrWrongPassword, domain.ErrAdminOnly,
		domain.ErrUserNotFound, domain.ErrEmailTaken, domain.ErrLastAdmin, domain.ErrUnverifiedUser, domain.ErrConflict, throttled, overloaded)
	register(a, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: "/users/{id}", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Delete a user", Description: "For admins. The user's sessions end at once.",
	}, a.deleteUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrLastAdmin)
}

// User is an account.
type User struct {
	ID           uuid.UUID  `json:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Email        string     `json:"email" example:"ada@example.com" doc:"The address, as it was given."`
	PendingEmail *string    `json:"pending_email" example:"ada.king@example.com" doc:"The address that waits for its proof."`
	FirstName    *string    `json:"first_name" example:"Ada" doc:"The first name."`
	LastName     *string    `json:"last_name" example:"Lovelace" doc:"The last name."`
	Blocked      bool       `json:"blocked" example:"false" doc:"Whether the user is kept out."`
	BlockReason  *string    `json:"block_reason" example:"Asked us to." doc:"Why."`
	BlockedUntil *time.Time `json:"blocked_until" example:"2027-01-31T12:00:00Z" doc:"When the block ends by itself; null: when somebody unblocks."`
	Status       string     `json:"status" enum:"unverified,verified" example:"verified" doc:"Whether the address is proved."`
	Role         string     `json:"role" enum:"user,admin" example:"user" doc:"What the user may do."`
	CreatedAt    time.Time  `json:"created_at" example:"2026-01-31T12:00:00.000001Z" doc:"When the user signed up."`
	UpdatedAt    time.Time  `json:"updated_at" example:"2026-01-31T12:05:00.000001Z" doc:"When the user was last changed."`
}

type userOutput struct{ Body User }

func userBody(u domain.User) User {
	return User{
		ID: u.ID, Email: u.Email.Address, PendingEmail: orNull(u.PendingEmail.Address), Blocked: u.Blocked, BlockReason: orNull(u.BlockReason), BlockedUntil: orNull(u.BlockedUntil), FirstName: orNull(u.FirstName), LastName: orNull(u.LastName),
		Status: string(u.Status), Role: string(u.Role), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// userAnswer answers with a user, or fails.
func userAnswer(u domain.User, err error) (*userOutput, error) {
	if err != nil {
		return nil, err
	}
	return &userOutput{userBody(u)}, nil
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

type listUsersInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many users a page has at most."`
	Cursor cursor `query:"cursor" doc:"The next_cursor of the page before; none: the first page."`
}

// UserPage is a page of users.
type UserPage struct {
	Users      []User  `json:"users" nullable:"false" doc:"The users, newest first."`
	NextCursor *string `json:"next_cursor" example:"AZjHoHpOfMGKbh8rPE1ebw" doc:"The cursor of the next page; null: this is the last one."`
}

type listUsersOutput struct{ Body UserPage }

func (a *API) listUsers(ctx context.Context, in *listUsersInput) (*listUsersOutput, error) {
	page, err := a.app.Users(ctx, principalOf(ctx), in.Cursor.after, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listUsersOutput{UserPage{Users: make([]User, 0, len(page.Users))}}
	for _, u := range page.Users {
		out.Body.Users = append(out.Body.Users, userBody(u))
	}
	if page.Next != uuid.Nil {
		next := cursor{page.Next}.String()
		out.Body.NextCursor = &next
	}
	return out, nil
}

type userPath struct {
	ID pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
}

func (a *API) getUser(ctx context.Context, in *userPath) (*userOutput, error) {
	return userAnswer(a.app.User(ctx, principalOf(ctx), in.ID.UUID))
}

// UpdateUserBody holds the changes.
type UpdateUserBody struct {
	FirstName       clearable `json:"first_name,omitempty" example:"Ada" doc:"The first name; null clears it."`
	LastName        clearable `json:"last_name,omitempty" example:"King" doc:"The last name; null clears it."`
	Email           *string   `json:"email,omitempty" maxLength:"254" example:"ada.king@example.com" doc:"The address."`
	CurrentPassword string    `json:"current_password,omitempty" example:"correct horse battery staple" doc:"Needed to change one's own address."`
	Role            *string   `json:"role,omitempty" enum:"user,admin" example:"admin" doc:"The role; for admins."`
}

type updateUserInput struct {
	ID   pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Body UpdateUserBody
}

func (a *API) updateUser(ctx context.Context, in *updateUserInput) (*userOutput, error) {
	return userAnswer(a.app.UpdateUser(ctx, principalOf(ctx), application.UpdateUser{
		ID: in.ID.UUID, FirstName: in.Body.FirstName.text, LastName: in.Body.LastName.text,
		Email: in.Body.Email, Role: in.Body.Role, CurrentPassword: in.Body.CurrentPassword, Source: sourceOf(ctx),
	}))
}

func (a *API) deleteUser(ctx context.Context, in *userPath) (*struct{}, error) {
	return nil, a.app.DeleteUser(ctx, principalOf(ctx), in.ID.UUID, sourceOf(ctx))
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

// cursor is the place after a user in the list. Its text is opaque.
type cursor struct{ after uuid.UUID }

func (c cursor) String() string { return base64.RawURLEncoding.EncodeToString(c.after[:]) }

// UnmarshalText reads the text of String.
func (c *cursor) UnmarshalText(text []byte) error {
	id, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(id) != len(c.after) {
		return errors.New("must be the next_cursor of another page")
	}
	c.after = uuid.UUID(id)
	return nil
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

func (a *API) registerBlocks() {
	register(a, huma.Operation{
		OperationID: "block-user", Method: http.MethodPost, Path: "/users/{id}/block", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Keep a user out", Description: "For admins. The user's sessions end at once. With `until`, the block ends by itself.",
	}, a.blockUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrLastAdmin, domain.ErrConflict)
	register(a, huma.Operation{
		OperationID: "unblock-user", Method: http.MethodPost, Path: "/users/{id}/unblock", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Let a user in again", Description: "For admins.",
	}, a.unblockUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrConflict)
}

// BlockBody says how a user is kept out.
type BlockBody struct {
	Reason string     `json:"reason,omitempty" maxLength:"100" example:"Asked us to." doc:"Why, for other admins."`
	Until  *time.Time `json:"until,omitempty" example:"2027-01-31T12:00:00Z" doc:"When the block ends by itself; without it, when somebody unblocks."`
}

type blockInput struct {
	ID   pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Body BlockBody
}

func (a *API) blockUser(ctx context.Context, in *blockInput) (*userOutput, error) {
	block := application.BlockUser{ID: in.ID.UUID, Reason: in.Body.Reason, Source: sourceOf(ctx)}
	if in.Body.Until != nil {
		block.Until = *in.Body.Until
	}
	return userAnswer(a.app.BlockUser(ctx, principalOf(ctx), block))
}

func (a *API) unblockUser(ctx context.Context, in *userPath) (*userOutput, error) {
	return userAnswer(a.app.UnblockUser(ctx, principalOf(ctx), in.ID.UUID, sourceOf(ctx)))
}
