package application_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestUpdateUser_RacingMergePatchesAreAllMerged(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
		p := w.principal(w.login("ada@example.com"))
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				_, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: u.ID, Profile: fmt.Appendf(nil, `{"p%d":%d}`, i, i)})
				if err != nil {
					t.Error(err)
				}
				if _, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: u.ID, AppData: fmt.Appendf(nil, `{"a%d":{"x":null}}`, i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var profile, appData map[string]any
		got := w.user(u.ID).Custom
		if err := errors.Join(json.Unmarshal([]byte(got.Profile.Text()), &profile), json.Unmarshal([]byte(got.AppData.Text()), &appData)); err != nil || len(profile) != 16 || len(appData) != 16 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestUpdateUser_CustomFieldsBesideADeletionAreNobodys(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		for i := range 8 {
			u := w.verified(fmt.Sprintf("ada%d@example.com", i))
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := w.DeleteUser(w.ctx, admin, u.ID, nil, domain.Source{}); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				_, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: u.ID, AppData: []byte(`{"a":1}`)})
				if err != nil && !errors.Is(err, domain.ErrUserNotFound) {
					t.Error(err)
				}
			})
			wg.Wait()
			if !w.gone(u.ID) {
				t.Error("the user is still there")
			}
		}
	})
}
