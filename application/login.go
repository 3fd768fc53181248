package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Login proves who somebody is by address and password.
type Login struct {
	Email    string
	Password string
	Client   domain.Client
}

// TokenPair is what a client gets for a login or a refresh.
type TokenPair struct {
	Access    domain.Secret
	Refresh   domain.Secret
	ExpiresIn time.Duration // of the access token
}

// Login begins a session. A wrong password and an unknown address cannot be told apart; what else may keep the
// owner out (domain.ErrAccountUnverified, domain.ErrAccountBlocked) is told to who knows the password.
func (a *App) Login(ctx context.Context, in Login) (TokenPair, error) {
	email, parseErr := domain.ParseEmail(in.Email)
	if parseErr != nil {
		email = domain.Email{Key: in.Email} // what is no address has no account; the work and the answer are the same
	}
	try, err := a.attempt(ctx, email.Key, in.Client, a.now())
	if err != nil {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	u, err := a.store.Users().ByEmail(ctx, email.Key)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	password := domain.PasswordToTry(in.Password)
	ok, outdated, err := a.hasher.Verify(ctx, u.PasswordHash, password)
	if err != nil {
		return TokenPair{}, fmt.Errorf("compare the password: %w", err)
	}
	if !ok {
		return TokenPair{}, domain.ErrInvalidCredentials
	}
	upgraded := u.PasswordHash
	if outdated {
		if upgraded, err = a.hasher.Hash(ctx, password); err != nil {
			return TokenPair{}, fmt.Errorf("upgrade the password's hash: %w", err)
		}
	}
	pair, err := a.beginSession(ctx, u, upgraded, try, in.Client)
	if err != nil {
		return TokenPair{}, fmt.Errorf("log in: %w", err)
	}
	return pair, nil
}

// beginSession opens a session for a user whose password was right a moment ago: whatever has changed since is
// seen under the user's lock.
func (a *App) beginSession(ctx context.Context, u domain.User, upgraded domain.PasswordHash, try attempt, client domain.Client) (TokenPair, error) {
	now := a.now()
	session, token := domain.NewSession(a.newID(), u.ID, a.newID(), client, now, a.settings.Lifetimes)
	err := a.store.InTx(ctx, func(tx ports.Store) error {
		current, err := tx.Users().Lock(ctx, u.ID)
		switch {
		case errors.Is(err, domain.ErrNotFound):
			return domain.ErrInvalidCredentials
		case err != nil:
			return err
		case current.PasswordHash != u.PasswordHash:
			return domain.ErrInvalidCredentials
		case !current.Verified():
			return domain.ErrAccountUnverified
		case current.BlockedAt(now):
			return domain.ErrAccountBlocked
		}
		if upgraded != u.PasswordHash {
			current.UpgradeHash(upgraded)
			if err := tx.Users().Update(ctx, current); err != nil {
				return err
			}
		}
		u = current
		failures, err := a.succeeded(ctx, tx, try, now)
		if err != nil {
			return err
		}
		if failures >= domain.SuspiciousFailures {
			if err := a.tellOfSuspicion(ctx, tx, u, client, now); err != nil {
				return err
			}
		}
		if _, err := tx.Sessions().EndOldest(ctx, u.ID, a.settings.MaxSessions-1, domain.ReasonRevoked, now); err != nil {
			return err
		}
		if err := tx.Sessions().Create(ctx, session, token); err != nil {
			return err
		}
		return a.record(ctx, tx, now, event{action: domain.ActionSessionStarted, actor: u.ID, subject: u.ID, client: client,
			details: map[string]string{"session": session.ID.String()}})
	})
	if err != nil {
		return TokenPair{}, err
	}
	return a.sign(ports.SessionState{User: u, Session: session, Token: token}, now)
}

// tellOfSuspicion records a login that came after many failed ones, and tells the owner, at most once a day.
func (a *App) tellOfSuspicion(ctx context.Context, tx ports.Store, u domain.User, client domain.Client, now time.Time) error {
	if err := a.record(ctx, tx, now, event{action: domain.ActionLoginSuspicious, actor: u.ID, subject: u.ID, client: client}); err != nil {
		return err
	}
	wait, err := tx.Throttles().Take(ctx, a.throttles.For("suspicion", u.ID.String()), domain.SuspicionNotices, now)
	if err != nil || wait > 0 {
		return err
	}
	return a.notify(ctx, tx, now, domain.NoticeSuspiciousLogin, u, client)
}

// sign makes the tokens of a session's current generation.
func (a *App) sign(s ports.SessionState, now time.Time) (TokenPair, error) {
	iat := now.Truncate(time.Second)
	exp := iat.Add(a.settings.Lifetimes.Access)
	if exp.After(s.Token.ExpiresAt) { // Sessions.Authenticate relies on it
		exp = s.Token.ExpiresAt
	}
	access, err := a.tokens.SignAccess(ports.AccessClaims{
		JTI: a.newRandomID(), UserID: s.User.ID, SessionID: s.Session.ID, Generation: s.Session.Generation,
		Role: s.User.Role, IssuedAt: iat, ExpiresAt: exp,
	})
	if err != nil {
		return TokenPair{}, fmt.Errorf("sign an access token: %w", err)
	}
	refresh, err := a.tokens.SignRefresh(ports.RefreshClaims{RefreshToken: s.Token, UserID: s.User.ID})
	if err != nil {
		return TokenPair{}, fmt.Errorf("sign a refresh token: %w", err)
	}
	return TokenPair{Access: domain.NewSecret(access), Refresh: domain.NewSecret(refresh), ExpiresIn: exp.Sub(iat)}, nil
}
