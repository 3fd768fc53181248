package memstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/memstore"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestInTx_RefusesLocksInAnotherOrderThanTheContractWants(t *testing.T) {
	t.Parallel()
	user, other, session := uuid.New(), uuid.New(), uuid.New()
	lock := func(ctx context.Context, tx ports.Store) error {
		_, err := tx.Users().Lock(ctx, ports.UserSet{IDs: []uuid.UUID{user}})
		return err
	}
	for name, steps := range map[string][]func(ctx context.Context, tx ports.Store) error{
		"users twice": {lock, lock},
		"users after a session": {
			func(ctx context.Context, tx ports.Store) error { return lockSession(ctx, tx, session) }, lock},
		"users after a challenge": {countGuess, lock},
		"a session after a challenge": {countGuess,
			func(ctx context.Context, tx ports.Store) error { return lockSession(ctx, tx, session) }},
		"a challenge after a throttle": {
			func(ctx context.Context, tx ports.Store) error { return take(ctx, tx, "a") }, countGuess},
		"throttles in descending order": {
			func(ctx context.Context, tx ports.Store) error { return take(ctx, tx, "b") },
			func(ctx context.Context, tx ports.Store) error { return take(ctx, tx, "a") }},
		"a second session without users": {
			func(ctx context.Context, tx ports.Store) error { return lockSession(ctx, tx, session) },
			func(ctx context.Context, tx ports.Store) error { return lockSession(ctx, tx, other) }},
		"the sessions of a user that is not locked": {lock, func(ctx context.Context, tx ports.Store) error {
			_, err := tx.Sessions().EndAll(ctx, other, uuid.Nil, domain.ReasonRevoked, time.Now())
			return err
		}},
		"a challenge of a user that is not locked": {lock, func(ctx context.Context, tx ports.Store) error {
			return tx.Challenges().Create(ctx, domain.Challenge{ID: uuid.New(), UserID: other})
		}},
		"an update of a user that is not locked": {func(ctx context.Context, tx ports.Store) error {
			return tx.Users().Update(ctx, domain.User{ID: other})
		}},
		"a transaction in a transaction": {func(ctx context.Context, tx ports.Store) error {
			return tx.InTx(ctx, func(ports.Store) error { return nil })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memstore.New()
			for _, id := range []uuid.UUID{user, other} {
				if err := s.Users().Create(t.Context(), domain.User{ID: id, Status: domain.StatusVerified, Email: domain.Email{Key: id.String()}}); err != nil {
					t.Fatal(err)
				}
			}
			done := 0
			err := s.InTx(t.Context(), func(tx ports.Store) error {
				for _, step := range steps {
					if err := step(t.Context(), tx); err != nil && !errors.Is(err, domain.ErrNotFound) {
						return err
					}
					done++
				}
				return nil
			})
			if err == nil || done != len(steps)-1 {
				t.Fatalf("error %v after %d steps", err, done)
			}
		})
	}
}

func lockSession(ctx context.Context, tx ports.Store, id uuid.UUID) error {
	_, err := tx.Sessions().Lock(ctx, id, time.Now())
	return err
}

func countGuess(ctx context.Context, tx ports.Store) error {
	return tx.Challenges().CountGuess(ctx, domain.PurposeVerifyEmail, "a@b.c", time.Now())
}

func take(ctx context.Context, tx ports.Store, key string) error {
	_, err := tx.Throttles().Take(ctx, key, domain.Budget{Burst: 1, Interval: time.Hour}, time.Now())
	return err
}

func TestLocks_AreRefusedOutsideOfATransactionAndAfterIt(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memstore.New()
	var over ports.Store
	if err := s.InTx(ctx, func(tx ports.Store) error { over = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, store := range []ports.Store{s, over} {
		_, errUser := store.Users().Lock(ctx, ports.UserSet{Address: "a@b.c"})
		_, errSession := store.Sessions().Lock(ctx, uuid.New(), time.Now())
		for _, err := range []error{errUser, errSession} {
			if err == nil || err == error(domain.ErrNotFound) {
				t.Errorf("error %v", err)
			}
		}
	}
}

func TestCalls_CountsEveryMethodInsideAndOutsideOfTransactions(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memstore.New()
	_, _ = s.Users().ByEmail(ctx, "a@b.c")
	_ = s.InTx(ctx, func(tx ports.Store) error {
		_, _ = tx.Users().ByEmail(ctx, "a@b.c")
		return tx.Jobs().SendNotice(ctx, uuid.New())
	})
	calls := s.Calls()
	if calls["Users.ByEmail"] != 2 || calls["Jobs.SendNotice"] != 1 || calls["InTx"] != 1 || len(calls) != 3 {
		t.Fatalf("calls %v", calls)
	}
}

func TestTakeJobs_TakesEachJobOnce(t *testing.T) {
	t.Parallel()
	ctx, s, id := t.Context(), memstore.New(), uuid.New()
	if err := s.InTx(ctx, func(tx ports.Store) error { return tx.Jobs().SendChallenge(ctx, id) }); err != nil {
		t.Fatal(err)
	}
	if jobs := s.TakeJobs(); len(jobs) != 1 || jobs[0] != (memstore.Job{Kind: memstore.KindSendChallenge, ID: id}) {
		t.Fatalf("jobs %v", jobs)
	}
	if jobs := append(s.TakeJobs(), s.EnqueuedJobs()...); len(jobs) != 0 {
		t.Fatalf("jobs %v", jobs)
	}
}
