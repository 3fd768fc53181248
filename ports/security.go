package ports

import (
	"context"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

type sourceKey struct{}

// WithSource returns a context of work that is done for a source. A Hasher may share its time fairly by the
// source's network.
func WithSource(ctx context.Context, s domain.Source) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// SourceOf returns the source that work is done for; the zero Source: none, as at the terminal and in jobs.
func SourceOf(ctx context.Context) domain.Source {
	s, _ := ctx.Value(sourceKey{}).(domain.Source)
	return s
}

// Hasher hashes passwords, each with a salt of its own. In what Hash made, all bytes of a password count: the
// domain.PasswordMaxBytes that may be set and any beyond. A Hasher is safe for concurrent use. Whoever made one
// closes it, if it has something to close.
//
// A Hasher works when it is called. The wiring puts adapters/hashqueue in front of it, so that the application
// gets one that is bounded: its methods wait, and return an error for which errors.Is(err, domain.Overloaded(0))
// holds, before any work, when there is no place left or ctx would end first. Nobody may call them while holding
// a transaction.
type Hasher interface {
	// Hash makes a hash at the present setting.
	Hash(ctx context.Context, p domain.Password) (domain.PasswordHash, error)
	// Verify reports whether p is the password of hash. The zero hash is nobody's: the answer is false.
	// Outdated says that the password was right, and that Hash would now make a stronger hash of it.
	//
	// A wrong password costs as much work as Hash, so that time tells nothing about an account: with nobody's
	// hash, and with one of a weaker setting or an older format too. Only a stored hash of a stronger setting
	// makes a wrong password cost more: as much as that setting. Other calls get no slower.
	//
	// A malformed hash is an error, and never a success. The error is none of package domain's, and quotes
	// neither the hash nor the password.
	Verify(ctx context.Context, hash domain.PasswordHash, p domain.Password) (ok, outdated bool, err error)
}

// AccessClaims are what an access token says.
type AccessClaims struct {
	JTI        uuid.UUID
	UserID     uuid.UUID
	SessionID  uuid.UUID
	Generation int64
	Role       domain.Role
	IssuedAt   time.Time // whole seconds
	ExpiresAt  time.Time // whole seconds
}

// RefreshClaims are what a refresh token says.
type RefreshClaims struct {
	domain.RefreshToken
	UserID uuid.UUID
}

// Tokens signs and verifies tokens. The Parse methods return domain.ErrTokenMalformed for what was not signed
// here or breaks a rule of RFC 8725, domain.ErrTokenScope for a good token of the other kind, and
// domain.ErrTokenExpired for a good token at or past its end. A token whose IssuedAt lies in the future is
// accepted (clocks of replicas differ).
type Tokens interface {
	SignAccess(c AccessClaims) (string, error)
	// SignRefresh signs the same claims to the same token, to the letter.
	SignRefresh(c RefreshClaims) (string, error)
	ParseAccess(token string, now time.Time) (AccessClaims, error)
	ParseRefresh(token string, now time.Time) (RefreshClaims, error)
}

// CommonPasswords tells which passwords are among the well-known ones. It takes lower case.
type CommonPasswords interface {
	Common(password string) bool
}
