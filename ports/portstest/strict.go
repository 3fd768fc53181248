package portstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Strict returns the store with transactions that refuse locks in another order than ports.Users.Lock names, and
// writes of rows that are not locked: a use case that breaks the contract then fails at once, not one time in a
// thousand.
func Strict(store ports.Store) ports.Store { return strict{store} }

type strict struct{ ports.Store }

func (s strict) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	return s.Store.InTx(ctx, func(tx ports.Store) error { return fn(InOrder(tx)) })
}

// InOrder returns a transaction that is held to the order of locks.
func InOrder(tx ports.Store) ports.Store { return ordered{Store: tx, locks: &locks{}} }

type ordered struct {
	ports.Store
	locks *locks
}

func (o ordered) Users() ports.Users       { return orderedUsers{o.Store.Users(), o.locks} }
func (o ordered) Sessions() ports.Sessions { return orderedSessions{o.Store.Sessions(), o.locks} }
func (o ordered) Challenges() ports.Challenges {
	return orderedChallenges{o.Store.Challenges(), o.locks}
}
func (o ordered) Throttles() ports.Throttles { return orderedThrottles{o.Store.Throttles(), o.locks} }

// rank is the place of a lock in the order.
type rank int

const (
	rankNone rank = iota
	rankUsers
	rankSessions
	rankChallenges
	rankThrottles
)

// locks is what one transaction holds.
type locks struct {
	last     rank
	called   bool // Users.Lock
	users    []uuid.UUID
	session  uuid.UUID // the only one, when Users.Lock was not called
	throttle string    // the last key
}

// reach takes a lock of that rank.
func (l *locks) reach(r rank, call string) error {
	if r < l.last {
		return fmt.Errorf("%s comes too late: %w", call, errLockOrder)
	}
	l.last = r
	return nil
}

// owns refuses a user that is not locked; nobody is always.
func (l *locks) owns(call string, ids ...uuid.UUID) error {
	for _, id := range ids {
		if id != uuid.Nil && !slices.Contains(l.users, id) {
			return fmt.Errorf("%s of a user that is not locked: %w", call, errLockOrder)
		}
	}
	return nil
}

// one takes the lock of a session, and without locked users of no other.
func (l *locks) one(id uuid.UUID, call string) error {
	if !l.called && l.session != uuid.Nil && l.session != id {
		return fmt.Errorf("%s of a second session without locked users: %w", call, errLockOrder)
	}
	l.session = id
	return l.reach(rankSessions, call)
}

// of takes locks that belong to a user.
func (l *locks) of(user uuid.UUID, r rank, call string) error {
	if err := l.owns(call, user); err != nil {
		return err
	}
	return l.reach(r, call)
}

func (l *locks) key(key, call string) error {
	if key < l.throttle {
		return fmt.Errorf("%s of a throttle that sorts before the last one: %w", call, errLockOrder)
	}
	l.throttle = key
	return l.reach(rankThrottles, call)
}

var errLockOrder = errors.New("the transaction breaks the order of locks")

type orderedUsers struct {
	ports.Users
	locks *locks
}

func (u orderedUsers) Lock(ctx context.Context, who ports.UserSet) ([]domain.User, error) {
	if u.locks.called {
		return nil, fmt.Errorf("a second Users.Lock: %w", errLockOrder)
	}
	u.locks.called = true
	if err := u.locks.reach(rankUsers, "Users.Lock"); err != nil {
		return nil, err
	}
	users, err := u.Users.Lock(ctx, who)
	for _, user := range users {
		u.locks.users = append(u.locks.users, user.ID)
	}
	return users, err
}

func (u orderedUsers) Create(ctx context.Context, user domain.User) error {
	u.locks.users = append(u.locks.users, user.ID)
	return u.Users.Create(ctx, user)
}

func (u orderedUsers) CreateSignUp(ctx context.Context, user domain.User) (bool, error) {
	u.locks.users = append(u.locks.users, user.ID)
	return u.Users.CreateSignUp(ctx, user)
}

func (u orderedUsers) CreateMany(ctx context.Context, users []domain.User) ([]uuid.UUID, error) {
	stored, err := u.Users.CreateMany(ctx, users)
	u.locks.users = append(u.locks.users, stored...)
	return stored, err
}

func (u orderedUsers) Update(ctx context.Context, user domain.User) error {
	if err := u.locks.owns("Users.Update", user.ID); err != nil {
		return err
	}
	return u.Users.Update(ctx, user)
}

func (u orderedUsers) Delete(ctx context.Context, id uuid.UUID, now time.Time) error {
	if err := u.locks.of(id, rankSessions, "Users.Delete"); err != nil {
		return err
	}
	u.locks.last = rankChallenges // which go with the user, after the sessions
	return u.Users.Delete(ctx, id, now)
}

func (u orderedUsers) DeleteSignUps(ctx context.Context, ids ...uuid.UUID) error {
	if err := u.locks.owns("Users.DeleteSignUps", ids...); err != nil {
		return err
	}
	if err := u.locks.reach(rankChallenges, "Users.DeleteSignUps"); err != nil {
		return err
	}
	return u.Users.DeleteSignUps(ctx, ids...)
}

type orderedSessions struct {
	ports.Sessions
	locks *locks
}

func (s orderedSessions) Create(ctx context.Context, session domain.Session, t domain.RefreshToken) error {
	if err := s.locks.of(session.UserID, rankSessions, "Sessions.Create"); err != nil {
		return err
	}
	return s.Sessions.Create(ctx, session, t)
}

func (s orderedSessions) Rotate(ctx context.Context, r ports.Rotation) (ports.SessionState, error) {
	if err := s.locks.one(r.Next.SessionID, "Sessions.Rotate"); err != nil {
		return ports.SessionState{}, err
	}
	return s.Sessions.Rotate(ctx, r)
}

func (s orderedSessions) Touch(ctx context.Context, id uuid.UUID, now time.Time) error {
	if err := s.locks.one(id, "Sessions.Touch"); err != nil {
		return err
	}
	return s.Sessions.Touch(ctx, id, now)
}

func (s orderedSessions) Lock(ctx context.Context, id uuid.UUID, now time.Time) (ports.SessionState, error) {
	if err := s.locks.one(id, "Sessions.Lock"); err != nil {
		return ports.SessionState{}, err
	}
	return s.Sessions.Lock(ctx, id, now)
}

func (s orderedSessions) End(ctx context.Context, id uuid.UUID, reason domain.RevocationReason, now time.Time) error {
	if err := s.locks.one(id, "Sessions.End"); err != nil {
		return err
	}
	return s.Sessions.End(ctx, id, reason, now)
}

func (s orderedSessions) EndAll(ctx context.Context, user, except uuid.UUID, reason domain.RevocationReason, now time.Time) (int, error) {
	if err := s.locks.of(user, rankSessions, "Sessions.EndAll"); err != nil {
		return 0, err
	}
	return s.Sessions.EndAll(ctx, user, except, reason, now)
}

func (s orderedSessions) EndOldest(ctx context.Context, user uuid.UUID, keep int, reason domain.RevocationReason, now time.Time) (int, error) {
	if err := s.locks.of(user, rankSessions, "Sessions.EndOldest"); err != nil {
		return 0, err
	}
	return s.Sessions.EndOldest(ctx, user, keep, reason, now)
}

type orderedChallenges struct {
	ports.Challenges
	locks *locks
}

func (c orderedChallenges) Create(ctx context.Context, challenge domain.Challenge) error {
	if err := c.locks.owns("Challenges.Create", challenge.UserID); err != nil {
		return err
	}
	return c.Challenges.Create(ctx, challenge)
}

func (c orderedChallenges) CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error {
	if err := c.locks.reach(rankChallenges, "Challenges.CountGuess"); err != nil {
		return err
	}
	return c.Challenges.CountGuess(ctx, p, key, now)
}

func (c orderedChallenges) Consume(ctx context.Context, id uuid.UUID, now time.Time) error {
	if err := c.locks.reach(rankChallenges, "Challenges.Consume"); err != nil {
		return err
	}
	return c.Challenges.Consume(ctx, id, now)
}

func (c orderedChallenges) DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error {
	if err := c.locks.reach(rankChallenges, "Challenges.DeleteByAddress"); err != nil {
		return err
	}
	return c.Challenges.DeleteByAddress(ctx, p, key)
}

func (c orderedChallenges) DeleteByUser(ctx context.Context, user uuid.UUID) error {
	if err := c.locks.of(user, rankChallenges, "Challenges.DeleteByUser"); err != nil {
		return err
	}
	return c.Challenges.DeleteByUser(ctx, user)
}

type orderedThrottles struct {
	ports.Throttles
	locks *locks
}

func (t orderedThrottles) Take(ctx context.Context, key string, b domain.Budget, now time.Time) (time.Duration, error) {
	if err := t.locks.key(key, "Throttles.Take"); err != nil {
		return 0, err
	}
	return t.Throttles.Take(ctx, key, b, now)
}

func (t orderedThrottles) Return(ctx context.Context, key string, b domain.Budget) error {
	if err := t.locks.key(key, "Throttles.Return"); err != nil {
		return err
	}
	return t.Throttles.Return(ctx, key, b)
}

func (t orderedThrottles) Reset(ctx context.Context, key string, b domain.Budget, now time.Time) (int, error) {
	if err := t.locks.key(key, "Throttles.Reset"); err != nil {
		return 0, err
	}
	return t.Throttles.Reset(ctx, key, b, now)
}

func (t orderedThrottles) Remember(ctx context.Context, key string, until time.Time) error {
	if err := t.locks.key(key, "Throttles.Remember"); err != nil {
		return err
	}
	return t.Throttles.Remember(ctx, key, until)
}
