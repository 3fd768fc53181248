// Package application holds the use cases, one file each. It is plain Go: the ports come in through Deps, and
// every adapter that drives it (HTTP, the terminal, jobs) calls the same methods.
package application

import (
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Settings are the operator's choices.
type Settings struct {
	Sessions   domain.SessionLimits
	RateLimits bool // false, for load tests, lifts every limit but the guesses of a code
	Budgets    domain.Budgets
	// AuditRetention is how long audit events are kept.
	AuditRetention time.Duration
	// RevealDuplicates makes a sign-up with a verified address fail with domain.ErrEmailTaken.
	RevealDuplicates bool
}

// Deps are the ports and values that the use cases work with.
type Deps struct {
	Store       ports.Store
	Hasher      ports.Hasher
	Tokens      ports.Tokens
	Mailer      ports.Mailer
	Passwords   ports.CommonPasswords
	Secret      domain.Secret // the keys of codes, throttles and cursors are derived from it
	Now         func() time.Time
	NewID       func() uuid.UUID // version 7, which grow: rows that are listed, and tokens
	NewRandomID func() uuid.UUID // version 4: ids that nobody may foresee
	Settings    Settings
}

// App is the application.
type App struct {
	deps      Deps
	codes     domain.CodeKey
	throttles domain.ThrottleKey
	cursors   domain.CursorKey
}

// New wires the application.
func New(d Deps) (*App, error) {
	codes, err := domain.NewCodeKey(d.Secret)
	if err != nil {
		return nil, err
	}
	throttles, err := domain.NewThrottleKey(d.Secret)
	if err != nil {
		return nil, err
	}
	cursors, err := domain.NewCursorKey(d.Secret)
	return &App{d, codes, throttles, cursors}, err
}

func (a *App) now() time.Time { return a.deps.Now().UTC().Truncate(time.Microsecond) }
