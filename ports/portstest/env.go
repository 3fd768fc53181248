package portstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// env is what one test works with.
type env struct {
	*testing.T
	Fixture
	ctx context.Context
	now time.Time
}

// must ends the test on an error. Not for other goroutines.
func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

// fails ends the test unless err is target.
func (e *env) fails(err, target error) {
	e.Helper()
	if !errors.Is(err, target) {
		e.Fatalf("error %v, want %v", err, target)
	}
}

// same compares to the letter: a time in another location, or with another precision, is not the same.
func same[T comparable](e *env, got, want T) {
	e.Helper()
	if got != want {
		e.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func sameList[T comparable](e *env, got, want []T) {
	e.Helper()
	if len(got) != len(want) {
		e.Fatalf("got %d rows: %+v\nwant %d: %+v", len(got), got, len(want), want)
	}
	for i := range got {
		same(e, got[i], want[i])
	}
}

// ok returns what a call returned, and ends the test when that is an error.
func ok[T any](e *env) func(T, error) T {
	return func(v T, err error) T {
		e.Helper()
		e.must(err)
		return v
	}
}

// inTx runs fn in a transaction that has to succeed.
func (e *env) inTx(fn func(tx ports.Store) error) {
	e.Helper()
	e.must(e.Store.InTx(e.ctx, fn))
}

const racers = 16

// race runs n calls at the same moment and returns their errors.
func (e *env) race(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// allWin ends the test unless every call succeeded.
func (e *env) allWin(errs []error) {
	e.Helper()
	for _, err := range errs {
		e.must(err)
	}
}

// oneWins ends the test unless one call succeeded and the others got the loser's error; it returns the winner.
func (e *env) oneWins(errs []error, loser error) int {
	e.Helper()
	winner, winners := -1, 0
	for i, err := range errs {
		if err == nil {
			winner = i
			winners++
			continue
		}
		e.fails(err, loser)
	}
	if winners != 1 {
		e.Fatalf("%d of %d calls succeeded, want 1", winners, len(errs))
	}
	return winner
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// email returns an address that nobody has.
func (e *env) email() domain.Email {
	e.Helper()
	return ok[domain.Email](e)(domain.ParseEmail(fmt.Sprintf("Ann.%s@Bücher.Example", uuid.NewString())))
}

// newUser returns an unverified user that is not stored yet; later calls return newer ones.
func (e *env) newUser(email domain.Email) domain.User {
	e.now = e.now.Add(time.Second)
	return domain.NewUser(newID(), email, domain.NewPasswordHash("$2a$hash"), domain.LocaleEnglish, e.now)
}

// newVerified returns a verified user that is not stored yet.
func (e *env) newVerified(email domain.Email) domain.User {
	u := e.newUser(email)
	u.Verify(u.CreatedAt)
	return u
}

// signUp stores an unverified user.
func (e *env) signUp(email domain.Email) domain.User {
	e.Helper()
	u := e.newUser(email)
	same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, u)), true)
	return u
}

// user stores a verified user of a new address.
func (e *env) user() domain.User {
	e.Helper()
	u := e.newVerified(e.email())
	e.must(e.Store.Users().Create(e.ctx, u))
	return u
}

var lifetimes = domain.SessionLimits{Access: time.Hour, Refresh: 24 * time.Hour, Session: 30 * 24 * time.Hour}

// session stores a session of the user; later calls make newer ones.
func (e *env) session(user uuid.UUID) ports.SessionState {
	e.Helper()
	return e.sessionOf(user, lifetimes)
}

func (e *env) sessionOf(user uuid.UUID, l domain.SessionLimits) ports.SessionState {
	e.Helper()
	e.now = e.now.Add(time.Second)
	source := domain.Source{IP: "2001:db8::1", UserAgent: "Browser/1 – «ё»", RequestID: "r"}
	s, token := domain.NewSession(newID(), user, uuid.New(), source, e.now, l)
	e.must(e.Store.Sessions().Create(e.ctx, s, token))
	return ports.SessionState{Session: s, Token: token}
}

// challenge stores a challenge of the address; later calls make newer ones.
func (e *env) challenge(p domain.Purpose, email domain.Email, user uuid.UUID, guesses int) domain.Challenge {
	e.Helper()
	e.now = e.now.Add(time.Second)
	source := domain.Source{IP: "192.0.2.7", UserAgent: "Browser/2 – «ё»", RequestID: "r"}
	c := domain.NewChallenge(uuid.New(), p, email, user, domain.LocaleRussian, guesses, source, e.now)
	e.must(e.Store.Challenges().Create(e.ctx, c))
	return c
}

// revoked ends the test unless the token is in the blacklist in exactly this way.
func (e *env) revoked(token domain.RefreshToken, reason domain.RevocationReason, at time.Time) {
	e.Helper()
	got := ok[domain.RevokedToken](e)(e.Store.Sessions().Revoked(e.ctx, token.JTI))
	same(e, got, domain.RevokedToken{RefreshToken: token, Reason: reason, RevokedAt: at})
}

// state reads a session as it is.
func (e *env) state(id uuid.UUID, now time.Time) (state ports.SessionState, err error) {
	err = e.Store.InTx(e.ctx, func(tx ports.Store) error {
		state, err = tx.Sessions().Lock(e.ctx, id, now)
		return err
	})
	return state, err
}

// locked locks users, and returns them as they were under the lock.
func (e *env) locked(who ports.UserSet) (users []domain.User, err error) {
	err = e.Store.InTx(e.ctx, func(tx ports.Store) error {
		users, err = tx.Users().Lock(e.ctx, who)
		return err
	})
	return users, err
}

// lockOne locks one user in a transaction.
func (e *env) lockOne(tx ports.Store, id uuid.UUID) (domain.User, error) {
	users, err := tx.Users().Lock(e.ctx, ports.UserSet{IDs: []uuid.UUID{id}})
	if err == nil && len(users) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.User{}, err
	}
	return users[0], nil
}

// countJobs counts the visible jobs of an id.
func (e *env) countJobs(id uuid.UUID) int {
	e.Helper()
	n := 0
	for _, job := range e.Jobs(e.T) {
		if job.ID == id {
			n++
		}
	}
	return n
}

// rotate exchanges the current token of a session at the present, for a day.
func (e *env) rotate(state ports.SessionState, reason domain.RevocationReason) ports.SessionState {
	e.Helper()
	return ok[ports.SessionState](e)(e.Store.Sessions().Rotate(e.ctx, e.rotation(state, reason)))
}

func (e *env) rotation(state ports.SessionState, reason domain.RevocationReason) ports.Rotation {
	return ports.Rotation{JTI: state.Token.JTI, Reason: reason, Now: e.now,
		Next: domain.NewRefreshToken(state.Session.ID, uuid.New(), e.now, lifetimes.Refresh)}
}
