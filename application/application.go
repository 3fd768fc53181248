// Package application holds the use cases, one file each. It is plain Go: the ports come in through Deps, and
// every adapter that drives it (HTTP, the terminal, jobs) calls the same methods.
package application

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Settings are the choices of whoever runs the service.
type Settings struct {
	Lifetimes    domain.SessionLifetimes
	RefreshGrace time.Duration // how long a rotated token still gets the current one (tabs that race)
	MaxSessions  int           // live sessions of one user; the next login ends the oldest
	RateLimits   bool          // false, for load tests, lifts every limit but the guesses of a code
	Budgets      domain.Budgets
	// AuditRetention is how long audit events are kept.
	AuditRetention time.Duration
	// RevealDuplicates makes a sign-up with a verified address fail with domain.ErrEmailTaken.
	RevealDuplicates bool
}

// Deps are what the use cases work with.
type Deps struct {
	Store       ports.Store
	Hasher      ports.Hasher
	Tokens      ports.Tokens
	Mailer      ports.Mailer
	Passwords   ports.CommonPasswords
	Secret      domain.Secret // the keys of codes and throttles are derived from it
	Now         func() time.Time
	NewID       func() uuid.UUID // version 7, which grow: rows that are listed, and tokens
	NewRandomID func() uuid.UUID // version 4: whatever must not be foreseen
	Settings    Settings
}

// App is the application.
type App struct {
	store       ports.Store
	hasher      ports.Hasher
	tokens      ports.Tokens
	mailer      ports.Mailer
	passwords   ports.CommonPasswords
	codes       domain.CodeKey
	throttles   domain.ThrottleKey
	clock       func() time.Time
	newID       func() uuid.UUID
	newRandomID func() uuid.UUID
	settings    Settings
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
	return &App{
		store: d.Store, hasher: d.Hasher, tokens: d.Tokens, mailer: d.Mailer, passwords: d.Passwords, codes: codes, throttles: throttles,
		clock: d.Now, newID: d.NewID, newRandomID: d.NewRandomID, settings: d.Settings,
	}, nil
}

func (a *App) now() time.Time { return a.clock().UTC().Truncate(time.Microsecond) }

// newPassword checks a password that somebody wants to set.
func (a *App) newPassword(text string, email domain.Email, firstName, lastName string) (domain.Password, error) {
	p, err := domain.NewPassword(text)
	if err != nil {
		return p, err
	}
	return p, p.Allowed(a.passwords.Common, email, firstName, lastName)
}

// event is what an audit row says beyond its id and time.
type event struct {
	action  domain.Action
	actor   uuid.UUID
	subject uuid.UUID
	source  domain.Source
	details map[string]string
}

// record writes the audit row in the transaction of what it records.
func (a *App) record(ctx context.Context, tx ports.Store, now time.Time, e event) error {
	err := tx.Audit().Append(ctx, domain.AuditEvent{
		ID: a.newID(), At: now, Actor: e.actor, Subject: e.subject, Action: e.action, Source: e.source, Details: e.details,
	})
	if err != nil {
		return fmt.Errorf("record %s: %w", e.action, err)
	}
	return nil
}

// notify writes a notice to the user and the job that mails it.
func (a *App) notify(ctx context.Context, tx ports.Store, now time.Time, kind domain.NoticeKind, u domain.User, source domain.Source) error {
	return a.notifyAt(ctx, tx, now, kind, u.Email, u.Locale, source)
}

func (a *App) notifyAt(ctx context.Context, tx ports.Store, now time.Time, kind domain.NoticeKind, to domain.Email, locale domain.Locale, source domain.Source) error {
	n := domain.Notice{ID: a.newID(), Kind: kind, Email: to, Locale: locale, Source: source, CreatedAt: now}
	if err := tx.Notices().Create(ctx, n); err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	if err := tx.Jobs().SendNotice(ctx, n.ID); err != nil {
		return fmt.Errorf("enqueue a notice: %w", err)
	}
	return nil
}
