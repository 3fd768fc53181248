package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"coffeeshop/domain"
)

func (a *API) registerOwnSessions() {
	register(a, huma.Operation{
		OperationID: "list-own-sessions", Method: http.MethodGet, Path: "/users/me/sessions", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "The caller's sessions, newest first", Description: "Live ones only. The one of this call is marked as `current`.",
	}, a.ownSessions)
	register(a, huma.Operation{
		OperationID: "end-own-sessions", Method: http.MethodDelete, Path: "/users/me/sessions", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "End all sessions of the caller", Description: "This one too.",
	}, a.endOwnSessions)
	register(a, huma.Operation{
		OperationID: "end-own-session", Method: http.MethodDelete, Path: "/users/me/sessions/{session_id}", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "End one of the caller's sessions", Description: "Its tokens are refused from then on.",
	}, a.endOwnSession, domain.ErrSessionNotFound)
}

func (a *API) registerSessions() {
	register(a, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: "/users/{id}/sessions", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "A user's sessions, newest first", Description: "For admins, and for the user itself.",
	}, a.sessions, domain.ErrAdminOnly, domain.ErrUserNotFound)
	register(a, huma.Operation{
		OperationID: "end-sessions", Method: http.MethodDelete, Path: "/users/{id}/sessions", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "End all sessions of a user", Description: "For admins, and for the user itself.",
	}, a.endSessions, domain.ErrAdminOnly, domain.ErrUserNotFound)
	register(a, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/users/{id}/sessions/{session_id}", Tags: []string{tagSessions}, Security: loggedIn,
		Summary: "End one session of a user", Description: "For admins, and for the user itself.",
	}, a.endSession, domain.ErrAdminOnly, domain.ErrUserNotFound, domain.ErrSessionNotFound)
}

// Session is one login.
type Session struct {
	ID         uuid.UUID `json:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The session's id."`
	CreatedAt  time.Time `json:"created_at" example:"2026-01-31T12:00:00.000001Z" doc:"When the user logged in."`
	LastUsedAt time.Time `json:"last_used_at" example:"2026-01-31T12:30:00.000001Z" doc:"The last login or refresh."`
	ExpiresAt  time.Time `json:"expires_at" example:"2026-03-02T12:00:00Z" doc:"When the session ends, whatever is refreshed."`
	UserAgent  string    `json:"user_agent" example:"Mozilla/5.0" doc:"What the client called itself at login."`
	IP         string    `json:"ip" example:"203.0.113.7" doc:"Where the login came from."`
	Current    bool      `json:"current" example:"true" doc:"Whether it is the session of this call."`
}

// SessionList is all live sessions of a user.
type SessionList struct {
	Sessions []Session `json:"sessions" nullable:"false" doc:"The sessions, newest first."`
}

type sessionsOutput struct{ Body SessionList }

type sessionPath struct {
	SessionID pathID `path:"session_id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The session's id."`
}

func (a *API) ownSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	return a.sessionsOf(ctx, principalOf(ctx).User.ID)
}

func (a *API) sessions(ctx context.Context, in *userPath) (*sessionsOutput, error) {
	return a.sessionsOf(ctx, in.ID.UUID)
}

func (a *API) sessionsOf(ctx context.Context, user uuid.UUID) (*sessionsOutput, error) {
	p := principalOf(ctx)
	sessions, err := a.app.Sessions(ctx, p, user)
	if err != nil {
		return nil, err
	}
	return &sessionsOutput{SessionList{sessionsBody(sessions, p.SessionID)}}, nil
}

func sessionsBody(sessions []domain.Session, current uuid.UUID) []Session {
	all := make([]Session, 0, len(sessions))
	for _, s := range sessions {
		all = append(all, Session{
			ID: s.ID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
			UserAgent: s.UserAgent, IP: s.IP, Current: s.ID == current,
		})
	}
	return all
}

func (a *API) endOwnSession(ctx context.Context, in *sessionPath) (*struct{}, error) {
	p := principalOf(ctx)
	return nil, a.app.EndSession(ctx, p, p.User.ID, in.SessionID.UUID, sourceOf(ctx))
}

func (a *API) endOwnSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	p := principalOf(ctx)
	return nil, a.app.EndSessions(ctx, p, p.User.ID, sourceOf(ctx))
}

func (a *API) logOutAll(ctx context.Context, _ *struct{}) (*messageOutput, error) {
	p := principalOf(ctx)
	return message("All sessions have ended.", a.app.EndSessions(ctx, p, p.User.ID, sourceOf(ctx)))
}

func (a *API) endSessions(ctx context.Context, in *userPath) (*struct{}, error) {
	return nil, a.app.EndSessions(ctx, principalOf(ctx), in.ID.UUID, sourceOf(ctx))
}

type userSessionPath struct {
	ID        pathID `path:"id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The user's id."`
	SessionID pathID `path:"session_id" format:"uuid" example:"0198c7a0-7a4e-7cc1-8a6e-1f2b3c4d5e6f" doc:"The session's id."`
}

func (a *API) endSession(ctx context.Context, in *userSessionPath) (*struct{}, error) {
	return nil, a.app.EndSession(ctx, principalOf(ctx), in.ID.UUID, in.SessionID.UUID, sourceOf(ctx))
}
