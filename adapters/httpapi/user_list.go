package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerUserList() {
	register(a, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/users", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Users, in pages",
		Description: "For admins. Users that are added or removed meanwhile neither repeat nor hide others. A call reads 10,000 rows at most: " +
			"with a filter that fits few users a page may be short, or empty, while `next_cursor` is set; go on until it is null.",
	}, a.listUsers, domain.ErrAdminOnly, domain.ErrInvalidCursor)
	register(a, huma.Operation{
		OperationID: "count-users", Method: http.MethodGet, Path: "/users/count", Tags: []string{tagUsers}, Security: loggedIn,
		Summary:     "How many users fit a filter",
		Description: "For admins. A call reads 10,000 rows at most: where that is not enough to see all users that fit, `exact` is false, and at least `count` users fit.",
	}, a.countUsers, domain.ErrAdminOnly)
}

// UserFilter chooses users.
type UserFilter struct {
	Status   string     `query:"status" enum:"verified,unverified" doc:"Whether the address is proved."`
	Role     string     `query:"role" enum:"user,admin" doc:"The role."`
	Blocked  string     `query:"blocked" enum:"true,false" doc:"Whether the user is blocked now."`
	Invited  string     `query:"invited" enum:"true,false" doc:"Whether the user is an invitation that waits to be accepted."`
	LegacyID legacyID   `query:"legacy_id" maxLength:"254" example:"4711" doc:"The id in the system that the user came from."`
	Q        prefixText `query:"q" maxLength:"254" example:"lovel" doc:"The beginning of the address, the first or the last name, of at least two characters; case makes no difference."`
}

func (f *UserFilter) filter() domain.UserFilter {
	return domain.UserFilter{Status: domain.Status(f.Status), Role: domain.Role(f.Role), Blocked: condition(f.Blocked), Invited: condition(f.Invited),
		LegacyID: f.LegacyID.text, Prefix: f.Q.Prefix}
}

// condition reads true or false; nil: it is not asked for.
func condition(text string) *bool {
	if text == "" {
		return nil
	}
	return new(text == "true")
}

type listUsersInput struct {
	UserFilter
	Sort   string `query:"sort" enum:"-created_at,created_at,email" default:"-created_at" doc:"The order: newest first, oldest first, or by address."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many users a page has at most."`
	Cursor string `query:"cursor" maxLength:"4096" doc:"The next_cursor of the page before, with the same filters and order; none: the first page."`
	callQuery
}

// UserPage is a page of users.
type UserPage struct {
	Users      []User  `json:"users" nullable:"false" doc:"The users, in the order that was asked for."`
	NextCursor *string `json:"next_cursor" example:"Uq3mXKZ0b1JtQ2k5bGFrc2RqZg" doc:"The cursor of the next page; null: this is the last one."`
}

type listUsersOutput struct {
	Link string `header:"Link" example:"<?limit=20&cursor=Uq3mXKZ0b1JtQ2k5bGFrc2RqZg>; rel=\"next\"" doc:"The next page (RFC 8288), as this call's query with another cursor; absent on the last page."`
	Body UserPage
}

func (a *API) listUsers(ctx context.Context, in *listUsersInput) (*listUsersOutput, error) {
	page, err := a.app.Users(ctx, principalOf(ctx), application.ListUsers{
		UserFilter: in.filter(), Sort: domain.UserSort(in.Sort), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &listUsersOutput{Link: in.nextLink(page.Next), Body: UserPage{Users: make([]User, 0, len(page.Users)), NextCursor: orNull(page.Next)}}
	for _, u := range page.Users {
		out.Body.Users = append(out.Body.Users, userBody(u))
	}
	return out, nil
}

// UserCount is how many users fit.
type UserCount struct {
	Count int  `json:"count" example:"1234" doc:"How many users fit, or at least do."`
	Exact bool `json:"exact" example:"true" doc:"Whether it is the exact number."`
}

type countUsersOutput struct{ Body UserCount }

func (a *API) countUsers(ctx context.Context, in *UserFilter) (*countUsersOutput, error) {
	tally, err := a.app.CountUsers(ctx, principalOf(ctx), in.filter())
	return &countUsersOutput{UserCount{tally.N, tally.Exact}}, err
}

// legacyID is an id of another system.
type legacyID struct{ text string }

// UnmarshalText checks the id.
func (id *legacyID) UnmarshalText(text []byte) (err error) {
	id.text, err = domain.ParseLegacyID(string(text))
	return rule(err)
}

// Schema implements huma.SchemaProvider.
func (legacyID) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// prefixText is the beginning of an address or a name.
type prefixText struct{ domain.Prefix }

// UnmarshalText checks the prefix.
func (p *prefixText) UnmarshalText(text []byte) (err error) {
	p.Prefix, err = domain.ParsePrefix(string(text))
	return rule(err)
}

// Schema implements huma.SchemaProvider.
func (prefixText) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// rule is the rule that an input breaks, for Huma to tell.
func rule(err error) error {
	var failure *domain.Error
	if errors.As(err, &failure) && len(failure.Fields) > 0 {
		return errors.New(failure.Fields[0].Message)
	}
	return err
}
