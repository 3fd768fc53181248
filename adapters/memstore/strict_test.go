package memstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/memstore"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestInTx_RefusesLocksInAnotherOrderThanTheContractWants(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func(ctx context.Context, tx ports.Store) error{
		"LockAddress after another statement": func(ctx context.Context, tx ports.Store) error {
			_, _ = tx.Users().List(ctx, uuid.Nil, 1)
			return tx.Users().LockAddress(ctx, "a@b.c")
		},
		"LockAddress in descending order": func(ctx context.Context, tx ports.Store) error {
			_ = tx.Users().LockAddress(ctx, "b@b.c")
			return tx.Users().LockAddress(ctx, "a@b.c")
		},
		"LockAddress for a third address": func(ctx context.Context, tx ports.Store) error {
			_ = tx.Users().LockAddress(ctx, "a@b.c")
			_ = tx.Users().LockAddress(ctx, "b@b.c")
			return tx.Users().LockAddress(ctx, "c@b.c")
		},
		"LockAdmins after a lock on a user": func(ctx context.Context, tx ports.Store) error {
			_, _ = tx.Users().Lock(ctx, uuid.New())
			_, err := tx.Users().LockAdmins(ctx)
			return err
		},
		"a transaction in a transaction": func(ctx context.Context, tx ports.Store) error {
			return tx.InTx(ctx, func(ports.Store) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := memstore.New().InTx(t.Context(), func(tx ports.Store) error { return fn(t.Context(), tx) }); err == nil {
				t.Fatal("no error")
			}
		})
	}
}

func TestLocks_AreRefusedOutsideOfATransactionAndAfterIt(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), memstore.New()
	var over ports.Store
	if err := s.InTx(ctx, func(tx ports.Store) error { over = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, store := range []ports.Store{s, over} {
		_, errUser := store.Users().Lock(ctx, uuid.New())
		_, errAdmins := store.Users().LockAdmins(ctx)
		_, errSession := store.Sessions().Lock(ctx, uuid.New(), time.Now())
		for _, err := range []error{store.Users().LockAddress(ctx, "a@b.c"), errUser, errAdmins, errSession} {
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
	if err := s.Jobs().SendChallenge(ctx, id); err != nil {
		t.Fatal(err)
	}
	if jobs := s.TakeJobs(); len(jobs) != 1 || jobs[0] != (memstore.Job{Kind: memstore.KindSendChallenge, ID: id}) {
		t.Fatalf("jobs %v", jobs)
	}
	if jobs := append(s.TakeJobs(), s.EnqueuedJobs()...); len(jobs) != 0 {
		t.Fatalf("jobs %v", jobs)
	}
}
