package application_test

import (
	"errors"
	"sync"
	"testing"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestVersions_OfRacingChangesForOneVersionOneIsMade(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
		when := domain.Versions{u.Version}
		results := make(chan error, 16)
		var wg sync.WaitGroup
		for i := range cap(results) {
			wg.Go(func() {
				var err error
				name := "Augusta"
				switch i % 3 {
				case 0:
					_, err = w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: u.ID, FirstName: &name, When: when})
				case 1:
					_, err = w.BlockUser(w.ctx, admin, application.BlockUser{ID: u.ID, When: when})
				default:
					_, err = w.UnblockUser(w.ctx, admin, u.ID, when, domain.Source{})
				}
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errors.Is(err, domain.ErrVersionConflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d changes were made", won)
		}
		if err := w.DeleteUser(w.ctx, admin, u.ID, when, domain.Source{}); !errors.Is(err, domain.ErrVersionConflict) {
			t.Errorf("a deletion of an earlier version: %v", err)
		}
		if err := w.DeleteUser(w.ctx, admin, u.ID, domain.Versions{1, w.user(u.ID).Version}, domain.Source{}); err != nil {
			t.Errorf("a deletion of one of several versions: %v", err)
		}
	})
}

func TestVersions_AuthorityIsAskedBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin("boss@example.com")
	u := w.verified("ada@example.com")
	p, stale, admin := w.principal(w.login("ada@example.com")), domain.Versions{u.Version + 7}, "admin"
	_, blocked := w.BlockUser(w.ctx, p, application.BlockUser{ID: u.ID, When: stale})
	_, unblocked := w.UnblockUser(w.ctx, p, u.ID, stale, domain.Source{})
	_, promoted := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: u.ID, Role: &admin, When: stale})
	for _, c := range []struct{ got, want error }{
		{blocked, domain.ErrAdminOnly},
		{unblocked, domain.ErrAdminOnly},
		{w.DeleteUser(w.ctx, p, u.ID, stale, domain.Source{}), domain.ErrAdminOnly},
		{promoted, domain.ErrRoleChangeDenied},
		{w.DeleteOwnAccount(w.ctx, p, "wrong password", stale, domain.Source{}), domain.ErrWrongPassword},
		{w.DeleteOwnAccount(w.ctx, p, password, stale, domain.Source{}), domain.ErrVersionConflict},
		{w.DeleteOwnAccount(w.ctx, p, password, domain.Versions{}, domain.Source{}), domain.ErrVersionConflict},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	if _, err := w.store.Users().ByID(w.ctx, u.ID); err != nil {
		t.Error(err)
	}
}

func TestVersions_ALoginAndTheUpgradeOfAHashChangeNone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		u := w.verified("ada@example.com")
		u.PasswordHash = domain.NewPasswordHash("old hash of " + password)
		if err := w.store.Users().Update(w.ctx, u); err != nil {
			t.Fatal(err)
		}
		before := w.user(u.ID)
		w.login("ada@example.com")
		after := w.user(u.ID)
		if after.PasswordHash == before.PasswordHash {
			t.Error("the hash was not upgraded")
		}
		if after.PasswordHash = before.PasswordHash; after != before {
			t.Errorf("the login changed %+v to %+v", before, after)
		}
	})
}
