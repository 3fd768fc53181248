package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/domain"
)

func (a *API) registerUserList() {
	register(a, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/users", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "All users, newest first, in pages",
		Description: "For admins. Users that are added meanwhile neither repeat nor hide others.",
	}, a.listUsers, domain.ErrAdminOnly)
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
