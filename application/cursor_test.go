package application_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func TestUsers_ACursorIsGoodForItsQueryOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	for i := range 5 {
		w.verified(fmt.Sprintf("u%d@example.com", i))
	}
	prefix := func(text string) domain.UserFilter {
		p, err := domain.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		return domain.UserFilter{Prefix: p}
	}
	queries := map[string]application.ListUsers{
		"all": {Sort: domain.SortNewest}, "oldest": {Sort: domain.SortOldest}, "by address": {Sort: domain.SortEmail},
		"verified": {Sort: domain.SortNewest, UserFilter: domain.UserFilter{Status: domain.StatusVerified}},
		"users":    {Sort: domain.SortNewest, UserFilter: domain.UserFilter{Role: domain.RoleUser}},
		"free":     {Sort: domain.SortNewest, UserFilter: domain.UserFilter{Blocked: new(false)}},
		"here":     {Sort: domain.SortNewest, UserFilter: domain.UserFilter{Invited: new(false)}},
		"example":  {Sort: domain.SortNewest, UserFilter: prefix("exam")},
		"u":        {Sort: domain.SortNewest, UserFilter: prefix("ad")},
	}
	cursors := map[string]string{}
	for name, q := range queries {
		q.Limit = 1
		page, err := w.Users(w.ctx, admin, q)
		if err != nil {
			t.Fatal(err)
		}
		if cursors[name] = page.Next; page.Next == "" {
			cursors[name] = "none"
		}
	}
	for name, cursor := range cursors {
		for other, q := range queries {
			q.Limit, q.Cursor = 2, cursor
			_, err := w.Users(w.ctx, admin, q)
			if good := name == other && cursor != "none"; good && err != nil || !good && !errors.Is(err, domain.ErrInvalidCursor) {
				t.Errorf("the cursor of %s for %s: %v", name, other, err)
			}
		}
	}
	good := cursors["all"]
	for i := range good { // one letter is another
		other := byte('A')
		if good[i] == other {
			other = 'B'
		}
		forged := good[:i] + string(other) + good[i+1:]
		if _, err := w.Users(w.ctx, admin, application.ListUsers{Sort: domain.SortNewest, Limit: 2, Cursor: forged}); !errors.Is(err, domain.ErrInvalidCursor) {
			t.Errorf("a forged letter %d: %v", i, err)
		}
	}
	for _, rubbish := range []string{"x", "====", good + good, good[1:], "\x00"} {
		if _, err := w.Users(w.ctx, admin, application.ListUsers{Sort: domain.SortNewest, Limit: 2, Cursor: rubbish}); !errors.Is(err, domain.ErrInvalidCursor) {
			t.Errorf("the cursor %q: %v", rubbish, err)
		}
	}
}

func TestEvents_TakeAnyTime(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin := w.admin("boss@example.com")
		for _, year := range []int{-9999, 0, 1, 9999, 20000} {
			for _, zone := range []int{-14, 0, 14} {
				at := time.Date(year, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", zone*3600))
				since, err := w.Events(w.ctx, admin, application.ListEvents{AuditFilter: domain.AuditFilter{Since: at}, Limit: 5})
				if err != nil || (len(since.Events) > 0) != (year < 2000) {
					t.Errorf("since %s: %d events, %v", at, len(since.Events), err)
				}
				until, err := w.Events(w.ctx, admin, application.ListEvents{AuditFilter: domain.AuditFilter{Until: at}, Limit: 5})
				if err != nil || (len(until.Events) > 0) != (year > 2000) {
					t.Errorf("until %s: %d events, %v", at, len(until.Events), err)
				}
			}
		}
	})
}

func TestUsers_ABlockThatHasEndedIsNone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
		if _, err := w.BlockUser(w.ctx, admin, application.BlockUser{ID: u.ID, Until: w.clock.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		version := w.user(u.ID).Version
		for blocked, want := range map[bool]int{true: 1, false: 1} {
			tally, err := w.CountUsers(w.ctx, admin, domain.UserFilter{Blocked: &blocked})
			if err != nil || tally != (domain.Tally{N: want, Exact: true}) {
				t.Errorf("blocked %t: %+v, %v", blocked, tally, err)
			}
		}
		w.clock.advance(time.Hour)
		page, err := w.Users(w.ctx, admin, application.ListUsers{Sort: domain.SortNewest, Limit: 5, UserFilter: domain.UserFilter{Blocked: new(false)}})
		if err != nil || len(page.Users) != 2 || page.Users[0].Blocked || page.Users[0].Version != version {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// Users come from other systems with times that stand for "not known", and with addresses whose keys are long.
func TestUsers_PagesGoOnAtAnyTimeAndAnyAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	var users []domain.User
	for i, at := range []time.Time{time.UnixMicro(-1).UTC(), time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(), time.Unix(0, 0).UTC(), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)} {
		email := domain.Email{Address: fmt.Sprintf("%d%s@example.com", i, strings.Repeat("\ufdfa", 70)), Key: fmt.Sprintf("%d@example.com", i)}
		users = append(users, domain.NewUser(uuid.New(), email, domain.PasswordHash{}, domain.LocaleEnglish, at))
	}
	if err := w.store.InTx(w.ctx, func(tx ports.Store) error {
		_, err := tx.Users().CreateMany(w.ctx, users)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, sort := range []domain.UserSort{domain.SortNewest, domain.SortOldest, domain.SortEmail} {
		seen, in := map[uuid.UUID]bool{}, application.ListUsers{Sort: sort, Limit: 1}
		for range 10 {
			page, err := w.Users(w.ctx, admin, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page.Users {
				seen[u.ID] = true
			}
			if in.Cursor = page.Next; in.Cursor == "" {
				break
			}
			if len(in.Cursor) > 4096 {
				t.Errorf("a cursor of %d bytes", len(in.Cursor))
			}
		}
		if len(seen) != 6 || in.Cursor != "" {
			t.Errorf("%s: %d users, then %q", sort, len(seen), in.Cursor)
		}
	}
}
