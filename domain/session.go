package domain

import (
	"time"

	"github.com/google/uuid"
)

// Session is one login. Every refresh begins a new generation of its two tokens.
type Session struct {
	ID                  uuid.UUID
	UserID              uuid.UUID
	UserAgent           string
	IP                  string
	CreatedAt           time.Time
	LastUsedAt          time.Time // the last login or refresh, and so when a refresh token was last handed out
	ExpiresAt           time.Time // the session's end, whatever is refreshed
	Generation          int64     // of the current tokens; 1 at login
	RotatedGeneration   int64     // the generation of the token that was rotated last; 0 before the first refresh
	DeliveredGeneration int64     // the highest generation known to have reached the client
}

// NewSession returns a session in its first generation, with its refresh token.
func NewSession(id, user, jti uuid.UUID, source Source, now time.Time, l SessionLimits) (Session, RefreshToken) {
	s := Session{
		ID: id, UserID: user, UserAgent: source.UserAgent, IP: source.IP,
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(l.Session).Truncate(time.Second), Generation: 1,
	}
	return s, s.Adopt(NewRefreshToken(id, jti, now, l.Refresh))
}

// Adopt returns a refresh token as one of the session's current generation, which ends with the session at the latest.
func (s Session) Adopt(t RefreshToken) RefreshToken {
	t.Generation = s.Generation
	if t.ExpiresAt.After(s.ExpiresAt) {
		t.ExpiresAt = s.ExpiresAt
	}
	return t
}

// Live reports whether the session has not reached its end.
func (s Session) Live(now time.Time) bool { return now.Before(s.ExpiresAt) }

// SessionLimits are how long a session and its tokens live, and how many sessions a user may have.
type SessionLimits struct {
	Access  time.Duration // an access token
	Refresh time.Duration // a refresh token, and so the time of inactivity that ends a session
	Session time.Duration // a session, from login on, whatever is refreshed
	Grace   time.Duration // how long a rotated token still gets the current one (tabs that race)
	PerUser int           // live sessions of one user; the next login ends the oldest
}

// RefreshToken is the whitelist's record of a refresh token: enough to sign the same token again, nothing that
// could be presented. Times are whole seconds, as in the token.
type RefreshToken struct {
	JTI        uuid.UUID
	SessionID  uuid.UUID
	Generation int64
	IssuedAt   time.Time
	ExpiresAt  time.Time
}

// NewRefreshToken returns a refresh token of a session, without a generation.
func NewRefreshToken(session, jti uuid.UUID, now time.Time, life time.Duration) RefreshToken {
	iat := now.Truncate(time.Second)
	return RefreshToken{JTI: jti, SessionID: session, IssuedAt: iat, ExpiresAt: iat.Add(life)}
}

// RevocationReason says why a refresh token is in the blacklist.
type RevocationReason string

// The reasons.
const (
	ReasonRotated    RevocationReason = "rotated"    // exchanged for its successor
	ReasonSuperseded RevocationReason = "superseded" // its answer was lost; another successor took its place
	ReasonLoggedOut  RevocationReason = "logged_out"
	ReasonRevoked    RevocationReason = "revoked" // the session was ended from outside
	ReasonReused     RevocationReason = "reused"  // the session was ended because one of its tokens was stolen
)

// RevokedToken is the blacklist's record of a refresh token.
type RevokedToken struct {
	RefreshToken
	Reason    RevocationReason
	RevokedAt time.Time
}

// Verdict is a decision on a refresh token that is in the blacklist while its session lives.
type Verdict uint8

// The verdicts.
const (
	VerdictRefuse    Verdict = iota // it was revoked
	VerdictRepeat                   // tabs raced: the current token once more
	VerdictSupersede                // the answer was lost: another successor takes the place of the current token
	VerdictTheft                    // two parties hold tokens of this session: it ends
)

// Judge decides on a blacklisted token of a live session (RFC 9700 §4.14.2).
func (s Session) Judge(t RevokedToken, now time.Time, grace time.Duration) Verdict {
	switch {
	case t.Reason != ReasonRotated && t.Reason != ReasonSuperseded:
		return VerdictRefuse
	case now.Sub(t.RevokedAt) < grace:
		return VerdictRepeat
	case t.Reason != ReasonRotated || t.Generation != s.RotatedGeneration:
		return VerdictTheft
	case now.Sub(s.LastUsedAt) < grace: // the answer with the current token may have just reached another tab, or not yet
		return VerdictRepeat
	case s.InUse():
		return VerdictTheft
	default:
		return VerdictSupersede
	}
}

// InUse reports whether a token of the current generation is known to have reached the client.
func (s Session) InUse() bool { return s.DeliveredGeneration >= s.Generation }
