// Package portstest holds the conformance suites of the ports: what the contracts in package ports say, as
// tests that every adapter passes.
package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Job is one enqueued piece of work.
type Job struct {
	Kind string // "send_challenge" or "send_notice"
	ID   uuid.UUID
}

// Fixture is a store to be tested, with a look behind it.
type Fixture struct {
	Store ports.Store
	// Jobs lists the committed jobs, in any order. It is called while a transaction of the store is open, so it
	// must not need that transaction's connection.
	Jobs func(t *testing.T) []Job
	// Close closes the store, which t.Cleanup may do again. Nil: it cannot be closed.
	Close func()
	// Cut takes the database away from the store. Nil: it is always there.
	Cut func()
	// Serial says that the store's transactions run one after the other: nobody commits while another is open.
	Serial bool
}

// Store tests a store against the contracts of package ports. The function open gives a fresh, empty, migrated
// store, and closes it by t.Cleanup; it is called a few times, concurrently.
func Store(t *testing.T, open func(t *testing.T) Fixture) {
	// Tests that keep to their own users, addresses and keys share a store.
	group(t, open, "transactions", transactionTests, domainErrorTests, methodTests, isolationTests)
	group(t, open, "users", userTests, uniquenessTests, signUpTests)
	group(t, open, "what comes back", textTests, roundTripTests, nobodyTests)
	group(t, open, "sessions", sessionTests, rotationTests, endingTests)
	group(t, open, "challenges, throttles and records", challengeTests, guessTests, throttleTests, returnTests, rememberTests,
		recordTests, forgetTests, timeTests)
	// These look at whole tables.
	inTurn(t, open, "purges", purgeTests)
	inTurn(t, open, "lists", listTests)
	alone(t, open, "many users", manyTests)
	alone(t, open, "audit events", auditTests)
	inTurn(t, open, "admins", adminTests)
	inTurn(t, open, "held rows", heldTests)
	// These end the store.
	alone(t, open, "gone", goneTests)
}

// tests maps a sentence of a contract to its proof.
type tests map[string]func(e *env)

// group runs tests side by side on one store.
func group(t *testing.T, open func(t *testing.T) Fixture, name string, sets ...tests) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		f := open(t)
		for _, set := range sets {
			for sentence, test := range set {
				t.Run(sentence, func(t *testing.T) {
					t.Parallel()
					test(newEnv(t, f))
				})
			}
		}
	})
}

// inTurn runs tests one after the other on one store, each without any user to begin with.
func inTurn(t *testing.T, open func(t *testing.T) Fixture, name string, set tests) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		f := open(t)
		for sentence, test := range set {
			t.Run(sentence, func(t *testing.T) {
				e := newEnv(t, f)
				for _, u := range ok[domain.UserPage](e)(f.Store.Users().List(e.ctx, domain.UserQuery{Sort: domain.SortNewest, Limit: 1000})).Users {
					e.must(f.Store.Users().Delete(e.ctx, u.ID, e.now))
				}
				test(e)
			})
		}
	})
}

// alone runs tests side by side, each on a store of its own.
func alone(t *testing.T, open func(t *testing.T) Fixture, name string, set tests) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for sentence, test := range set {
			t.Run(sentence, func(t *testing.T) {
				t.Parallel()
				test(newEnv(t, open(t)))
			})
		}
	})
}

// patience is how long one test may wait for the store in all: long enough for a busy machine.
const patience = time.Minute

func newEnv(t *testing.T, f Fixture) *env {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &env{T: t, Fixture: f, ctx: ctx, now: time.Date(2030, 3, 4, 5, 6, 7, 891234000, time.UTC)}
}
