package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Refresh exchanges a refresh token for the session's next tokens. domain.Session.Judge decides on a token that was
// exchanged before: racing tabs get the current tokens, a lost answer is made good, a theft ends the session
// (domain.ErrTokenReused).
func (a *App) Refresh(ctx context.Context, token string, source domain.Source) (TokenPair, error) {
	now := a.now()
	claims, err := a.deps.Tokens.ParseRefresh(token, now)
	if err != nil {
		return TokenPair{}, err
	}
	state, err := a.deps.Store.Sessions().Rotate(ctx, a.rotation(claims.SessionID, claims.JTI, domain.ReasonRotated, now))
	if errors.Is(err, domain.ErrNotFound) {
		state, err = a.refreshAgain(ctx, claims, source)
	}
	if err != nil {
		return TokenPair{}, fmt.Errorf("refresh: %w", err)
	}
	return a.sign(state, now)
}

func (a *App) rotation(session, jti uuid.UUID, reason domain.RevocationReason, now time.Time) ports.Rotation {
	next := domain.NewRefreshToken(session, a.deps.NewID(), now, a.deps.Settings.Sessions.Refresh)
	return ports.Rotation{JTI: jti, Reason: reason, Next: next, Now: now}
}

// refreshAgain decides on a token that is not its session's current one.
func (a *App) refreshAgain(ctx context.Context, claims ports.RefreshClaims, source domain.Source) (state ports.SessionState, err error) {
	err = a.write(ctx, domain.Anonymous{}, source, ports.UserSet{}, func(tx *tx) error {
		s, revoked, err := tx.lockRevoked(ctx, claims)
		if err != nil {
			return err
		}
		state = s
		switch s.Session.Judge(revoked, tx.now, a.deps.Settings.Sessions.Grace) {
		case domain.VerdictRepeat:
			if s.Session.InUse() {
				return nil
			}
			return tx.Sessions().Touch(ctx, claims.SessionID, tx.now)
		case domain.VerdictSupersede:
			if state, err = tx.Sessions().Rotate(ctx, a.rotation(claims.SessionID, s.Token.JTI, domain.ReasonSuperseded, tx.now)); err != nil {
				return err
			}
			tx.identify(s.User)
			return a.record(ctx, tx, domain.ActionSessionSuperseded, s.User.ID, "session", s.Session.ID.String())
		case domain.VerdictTheft:
			return a.endStolen(ctx, tx, s)
		default:
			return domain.ErrTokenRevoked
		}
	})
	return state, err
}

// lockRevoked locks the session of a refresh token that is not its current one, and returns the blacklist's record of
// the token: domain.ErrTokenUnknown when there is none, domain.ErrTokenRevoked when the session has ended.
func (tx *tx) lockRevoked(ctx context.Context, claims ports.RefreshClaims) (ports.SessionState, domain.RevokedToken, error) {
	s, sessionErr := tx.Sessions().Lock(ctx, claims.SessionID, tx.now)
	if sessionErr != nil && !errors.Is(sessionErr, domain.ErrNotFound) {
		return s, domain.RevokedToken{}, sessionErr
	}
	revoked, err := tx.Sessions().Revoked(ctx, claims.JTI)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		err = domain.ErrTokenUnknown
	case err == nil && sessionErr != nil:
		err = domain.ErrTokenRevoked
	}
	return s, revoked, err
}

// endStolen ends a session of which two parties hold tokens, tells the owner, and returns domain.ErrTokenReused, which
// commits.
func (a *App) endStolen(ctx context.Context, tx *tx, s ports.SessionState) error {
	if err := tx.Sessions().End(ctx, s.Session.ID, domain.ReasonReused, tx.now); err != nil {
		return err
	}
	if err := a.record(ctx, tx, domain.ActionSessionStolen, s.User.ID, "session", s.Session.ID.String()); err != nil {
		return err
	}
	if err := a.notify(ctx, tx, domain.NoticeSessionStolen, s.User); err != nil {
		return err
	}
	return keep(domain.ErrTokenReused)
}
