package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func (a *API) registerBlocks() {
	register(a, huma.Operation{
		OperationID: "block-user", Method: http.MethodPost, Path: "/users/{id}/block", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Keep a user out", Description: "For admins. The user's sessions end at once. With `until`, the block ends by itself.",
	}, a.blockUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrLastAdmin, domain.ErrConflict, domain.ErrVersionConflict)
	register(a, huma.Operation{
		OperationID: "unblock-user", Method: http.MethodPost, Path: "/users/{id}/unblock", Tags: []string{tagUsers}, Security: loggedIn,
		Summary: "Let a user in again", Description: "For admins.",
	}, a.unblockUser, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrConflict, domain.ErrVersionConflict)
}

// BlockBody says how a user is kept out.
type BlockBody struct {
	Reason string     `json:"reason,omitempty" maxLength:"100" example:"Asked us to." doc:"Why, for other admins."`
	Until  *time.Time `json:"until,omitempty" example:"2035-01-31T12:00:00Z" doc:"When the block ends by itself; without it, when somebody unblocks."`
}

type blockInput struct {
	Conditional
	ID   pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	Body BlockBody
}

func (a *API) blockUser(ctx context.Context, in *blockInput) (*userOutput, error) {
	block := application.BlockUser{ID: in.ID.UUID, Reason: in.Body.Reason, When: in.when, Source: sourceOf(ctx)}
	if in.Body.Until != nil {
		if block.Until = *in.Body.Until; block.Until.IsZero() { // which stands for no end
			block.Until = block.Until.Add(time.Microsecond)
		}
	}
	return userAnswer(a.app.BlockUser(ctx, principalOf(ctx), block))
}

func (a *API) unblockUser(ctx context.Context, in *changeUserInput) (*userOutput, error) {
	return userAnswer(a.app.UnblockUser(ctx, principalOf(ctx), in.ID.UUID, in.when, sourceOf(ctx)))
}
