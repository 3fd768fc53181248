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

// Refresh exchanges a refresh token for the session's next tokens. A token that was exchanged before is judged
// by domain.Session.Judge: racing tabs get the current tokens, a lost answer is made good, a theft ends the
// session (domain.ErrTokenReused).
func (a *App) Refresh(ctx context.Context, token string, source domain.Source) (TokenPair, error) {
	now := a.now()
	claims, err := a.tokens.ParseRefresh(token, now)
	if err != nil {
		return TokenPair{}, err
	}
	state, err := a.store.Sessions().Rotate(ctx, a.rotation(claims.SessionID, claims.JTI, domain.ReasonRotated, now))
	if errors.Is(err, domain.ErrNotFound) {
		state, err = a.refreshAgain(ctx, claims, source, now)
	}
	if err != nil {
		return TokenPair{}, fmt.Errorf("refresh: %w", err)
	}
	return a.sign(state, now)
}

func (a *App) rotation(session, jti uuid.UUID, reason domain.RevocationReason, now time.Time) ports.Rotation {
	return ports.Rotation{SessionID: session, JTI: jti, Reason: reason, NextJTI: a.newID(),
		Now: now, Life: a.settings.Lifetimes.Refresh}
}

// refreshAgain decides on a token that is not its session's current one.
func (a *App) refreshAgain(ctx context.Context, claims ports.RefreshClaims, source domain.Source, now time.Time) (state ports.SessionState, err error) {
	err = a.verdict(ctx, func(tx ports.Store) (verdict, failure error) {
		revoked, verdict, failure := a.spent(ctx, tx, claims, now, &state)
		if verdict != nil || failure != nil {
			return verdict, failure
		}
		switch state.Session.Judge(revoked, now, a.settings.RefreshGrace) {
		case domain.VerdictRepeat:
			if state.Session.InUse() {
				return nil, nil
			}
			return nil, tx.Sessions().Touch(ctx, claims.SessionID, now)
		case domain.VerdictSupersede:
			details := map[string]string{"session": state.Session.ID.String()}
			state, failure = tx.Sessions().Rotate(ctx, a.rotation(claims.SessionID, state.Token.JTI, domain.ReasonSuperseded, now))
			if failure != nil {
				return nil, failure
			}
			return nil, a.record(ctx, tx, now, event{action: domain.ActionSessionSuperseded,
				actor: state.User.ID, subject: state.User.ID, source: source, details: details})
		case domain.VerdictTheft:
			return domain.ErrTokenReused, a.endStolen(ctx, tx, state, source, now)
		default:
			return domain.ErrTokenRevoked, nil
		}
	})
	return state, err
}

// spent locks the session of a token that is not its current one and returns the blacklist's record of it. The
// verdict says why there is none: the session has ended, or the token was never one of it.
func (a *App) spent(ctx context.Context, tx ports.Store, claims ports.RefreshClaims, now time.Time, state *ports.SessionState) (revoked domain.RevokedToken, verdict, failure error) {
	s, sessionErr := tx.Sessions().Lock(ctx, claims.SessionID, now)
	if sessionErr != nil && !errors.Is(sessionErr, domain.ErrNotFound) {
		return revoked, nil, sessionErr
	}
	revoked, err := tx.Sessions().Revoked(ctx, claims.JTI)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return revoked, domain.ErrTokenUnknown, nil
	case err != nil:
		return revoked, nil, err
	case sessionErr != nil:
		return revoked, domain.ErrTokenRevoked, nil
	}
	*state = s
	return revoked, nil, nil
}

// endStolen ends a session of which two parties hold tokens, and tells the owner.
func (a *App) endStolen(ctx context.Context, tx ports.Store, s ports.SessionState, source domain.Source, now time.Time) error {
	if err := tx.Sessions().End(ctx, s.Session.ID, domain.ReasonReused, now); err != nil {
		return err
	}
	err := a.record(ctx, tx, now, event{action: domain.ActionSessionStolen, subject: s.User.ID, source: source,
		details: map[string]string{"session": s.Session.ID.String()}})
	if err != nil {
		return err
	}
	return a.notify(ctx, tx, now, domain.NoticeSessionStolen, s.User, source)
}
