package application_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestUsers_ComeInPagesNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	for i := range 4 {
		w.signUp(fmt.Sprintf("u%d@example.com", i))
	}
	seen := map[uuid.UUID]bool{}
	in := application.ListUsers{Sort: domain.SortNewest, Limit: 2}
	for _, want := range []int{2, 2, 1} {
		page, err := w.Users(w.ctx, admin, in)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Users) != want {
			t.Fatalf("a page of %d, want %d", len(page.Users), want)
		}
		for _, u := range page.Users {
			seen[u.ID] = true
		}
		in.Cursor = page.Next
	}
	if len(seen) != 5 || in.Cursor != "" {
		t.Errorf("saw %d users, next %q", len(seen), in.Cursor)
	}
}

func TestUsers_OnlyAdminsReadAndManageThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, session := w.verified("bob@example.com"), w.principal(w.login("bob@example.com")).SessionID
	w.verified("ada@example.com")
	p := w.principal(w.login("ada@example.com"))
	for name, call := range map[string]func() error{
		"read one":    func() error { _, err := w.User(w.ctx, p, other.ID); return err },
		"read itself": func() error { _, err := w.User(w.ctx, p, p.User.ID); return err },
		"read all": func() error {
			_, err := w.Users(w.ctx, p, application.ListUsers{Sort: domain.SortNewest, Limit: 10})
			return err
		},
		"read sessions":  func() error { _, err := w.Sessions(w.ctx, p, other.ID); return err },
		"end a session":  func() error { return w.EndSession(w.ctx, p, other.ID, session, domain.Source{}) },
		"end sessions":   func() error { return w.EndSessions(w.ctx, p, other.ID, domain.Source{}) },
		"block":          func() error { _, err := w.BlockUser(w.ctx, p, application.BlockUser{ID: other.ID}); return err },
		"unblock":        func() error { _, err := w.UnblockUser(w.ctx, p, other.ID, nil, domain.Source{}); return err },
		"unblock itself": func() error { _, err := w.UnblockUser(w.ctx, p, p.User.ID, nil, domain.Source{}); return err },
		"delete":         func() error { return w.DeleteUser(w.ctx, p, other.ID, nil, domain.Source{}) },
		"delete itself":  func() error { return w.DeleteUser(w.ctx, p, p.User.ID, nil, domain.Source{}) },
	} {
		if err := call(); !errors.Is(err, domain.ErrAdminOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an admin does to others is recorded, with who did it.
func TestUsers_WhatAnAdminDoesToThemIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
	session := w.principal(w.login("ada@example.com")).SessionID
	text := func(s string) *string { return &s }
	update := func(in application.UpdateUser) error {
		in.ID = u.ID
		_, err := w.UpdateUser(w.ctx, admin, in)
		return err
	}
	for _, c := range []struct {
		do     func() error
		record []domain.Action
	}{
		{func() error { return update(application.UpdateUser{LastName: text("King")}) }, []domain.Action{domain.ActionUserUpdated}},
		{func() error { return update(application.UpdateUser{Email: text("king@example.com")}) }, []domain.Action{domain.ActionUserUpdated, domain.ActionEmailChanged}},
		{func() error { return update(application.UpdateUser{Role: text("admin")}) }, []domain.Action{domain.ActionUserUpdated, domain.ActionRoleChanged}},
		{func() error { return w.EndSession(w.ctx, admin, u.ID, session, domain.Source{}) }, []domain.Action{domain.ActionSessionEnded}},
		{func() error { return w.EndSessions(w.ctx, admin, u.ID, domain.Source{}) }, []domain.Action{domain.ActionSessionsEnded}},
		{func() error { _, err := w.BlockUser(w.ctx, admin, application.BlockUser{ID: u.ID}); return err }, []domain.Action{domain.ActionUserBlocked}},
		{func() error { _, err := w.UnblockUser(w.ctx, admin, u.ID, nil, domain.Source{}); return err }, []domain.Action{domain.ActionUserUnblocked}},
		{func() error { return w.DeleteUser(w.ctx, admin, u.ID, nil, domain.Source{}) }, []domain.Action{domain.ActionUserDeleted}},
	} {
		before := len(w.events())
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		var recorded []domain.Action
		for _, e := range w.events()[before:] {
			if e.Actor != admin.User.ID || e.Subject != u.ID {
				t.Errorf("%s by %s to %s", e.Action, e.Actor, e.Subject)
			}
			recorded = append(recorded, e.Action)
		}
		if !slices.Equal(recorded, c.record) {
			t.Errorf("recorded %q, want %q", recorded, c.record)
		}
	}
}

func TestUpdateUser_RulesOfWhoMayChangeWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	ada := w.verified("ada@example.com")
	self := w.principal(w.login("ada@example.com"))
	other := w.verified("bob@example.com")
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		by   domain.Principal
		in   application.UpdateUser
		want error
	}{
		"own names":                  {self, application.UpdateUser{ID: ada.ID, FirstName: text("Ada"), LastName: text("")}, nil},
		"another's names":            {self, application.UpdateUser{ID: other.ID, FirstName: text("X")}, domain.ErrNotYourAccount},
		"an unknown user's names":    {self, application.UpdateUser{ID: uuid.New(), FirstName: text("X")}, domain.ErrNotYourAccount},
		"own role":                   {self, application.UpdateUser{ID: ada.ID, Role: text("admin")}, domain.ErrRoleChangeDenied},
		"own address, unproved":      {self, application.UpdateUser{ID: ada.ID, Email: text("new@example.com")}, domain.ErrPasswordRequired},
		"own address, wrong proof":   {self, application.UpdateUser{ID: ada.ID, Email: text("new@example.com"), CurrentPassword: "wrong password"}, domain.ErrWrongPassword},
		"an admin's own address":     {admin, application.UpdateUser{ID: admin.User.ID, Email: text("new@example.com")}, domain.ErrPasswordRequired},
		"an address that is taken":   {admin, application.UpdateUser{ID: ada.ID, Email: text("BOB@example.com")}, domain.ErrEmailTaken},
		"a user that does not exist": {admin, application.UpdateUser{ID: uuid.New(), FirstName: text("X")}, domain.ErrUserNotFound},
		"the last admin's role":      {admin, application.UpdateUser{ID: admin.User.ID, Role: text("user")}, domain.ErrLastAdmin},
		"a role that does not exist": {admin, application.UpdateUser{ID: ada.ID, Role: text("root")}, domain.Invalid("role", "")},
	} {
		if _, err := w.UpdateUser(w.ctx, c.by, c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	u, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: ada.ID, Email: text("Lovelace@example.com"), Role: text("admin")})
	if err != nil {
		t.Fatal(err)
	}
	if u.Email.Address != "Lovelace@example.com" || u.Role != domain.RoleAdmin || w.user(ada.ID) != u {
		t.Errorf("changed to %+v", u)
	}
}

func TestUpdateUser_WhatChangesNothingLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	p := w.principal(w.login("ada@example.com"))
	events := func() int {
		page, err := w.store.Audit().List(w.ctx, domain.AuditQuery{AuditFilter: domain.AuditFilter{Subject: u.ID}, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Events)
	}
	version, before := w.user(u.ID).Version, events()
	for _, in := range []application.UpdateUser{{}, {FirstName: &u.FirstName, Locale: new("en")}, {Profile: []byte("null")}} {
		in.ID = u.ID
		if _, err := w.UpdateUser(w.ctx, p, in); err != nil {
			t.Fatal(err)
		}
		if now := w.user(u.ID).Version; now != version || events() != before {
			t.Errorf("%+v: version %d, %d events", in, now, events()-before)
		}
	}
	if _, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: u.ID, FirstName: new("Augusta")}); err != nil || w.user(u.ID).Version == version || events() == before {
		t.Errorf("a change was not made: %v", err)
	}
}

func TestPersonalData_DoesNotTellAUserAboutOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, u := w.admin("boss@example.com"), w.verified("ada@example.com")
	source := domain.Source{IP: "203.0.113.7", UserAgent: "the admin's", RequestID: "r1"}
	if _, err := w.BlockUser(w.ctx, admin, application.BlockUser{ID: u.ID, Source: source}); err != nil {
		t.Fatal(err)
	}
	for who, p := range map[string]domain.Principal{"self": {User: u}, "admin": admin} {
		data, err := w.PersonalData(w.ctx, p, u.ID)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(data.Events, func(e domain.AuditEvent) bool { return e.Action == domain.ActionUserBlocked })
		if i < 0 {
			t.Fatal("the block is missing")
		}
		e := data.Events[i]
		if told := e.Actor == admin.User.ID && e.Source == source; told != (who == "admin") || who == "self" && (e.Actor != uuid.Nil || e.Source != domain.Source{RequestID: "r1"}) {
			t.Errorf("%s reads %+v", who, e)
		}
	}
}

func TestUpdateUser_AnUnverifiedUserCannotBecomeAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	u := w.signUp("ada@example.com")
	role := "admin"
	if _, err := w.UpdateUser(w.ctx, admin, application.UpdateUser{ID: u.ID, Role: &role}); !errors.Is(err, domain.ErrUnverifiedUser) {
		t.Error(err)
	}
}

func TestAdmins_TwoWhoDemoteOrDeleteEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	role := "user"
	for range 20 {
		w := newWorld(t)
		a, b := w.admin("a@example.com"), w.admin("b@example.com")
		results := make(chan error, 2)
		go func() {
			_, err := w.UpdateUser(w.ctx, a, application.UpdateUser{ID: b.User.ID, Role: &role})
			results <- err
		}()
		go func() { results <- w.DeleteUser(w.ctx, b, a.User.ID, nil, domain.Source{}) }()
		first, second := <-results, <-results
		if (first == nil) == (second == nil) {
			t.Fatalf("both ended alike: %v, %v", first, second)
		}
		// Who comes second is no admin, or nobody, any more.
		if failed := errors.Join(first, second); !errors.Is(failed, domain.ErrAdminOnly) && !errors.Is(failed, domain.ErrSessionEnded) {
			t.Fatal(failed)
		}
	}
}

func TestAdmins_OfTwoWhoLayTheirRoleDownOneRemains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.admin("a@example.com"), w.admin("b@example.com")
	role := "user"
	layDown := func(p domain.Principal) error {
		_, err := w.UpdateUser(w.ctx, p, application.UpdateUser{ID: p.User.ID, Role: &role})
		return err
	}
	w.stops.beforeTx(0, func() {
		if err := layDown(b); err != nil {
			t.Error(err)
		}
	})
	if err := layDown(a); !errors.Is(err, domain.ErrLastAdmin) {
		t.Error(err)
	}
}

func TestDeleteUser_EndsTheSessionsAndFreesTheAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.admin("boss@example.com")
	u := w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	if err := w.DeleteUser(w.ctx, admin, u.ID, nil, domain.Source{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
		t.Error(err)
	}
	if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenRevoked) {
		t.Error(err)
	}
	if err := w.DeleteUser(w.ctx, admin, u.ID, nil, domain.Source{}); !errors.Is(err, domain.ErrUserNotFound) {
		t.Error(err)
	}
	w.verified("ada@example.com")
}

func TestCreateAdmin_NeverTouchesAVerifiedAccountAndReplacesASignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.verified("ada@example.com")
	if _, err := w.CreateAdmin(w.ctx, "ada@example.com", "another password", domain.LocaleEnglish); !errors.Is(err, application.ErrPromoteInstead) {
		t.Errorf("a verified user: %v", err)
	}
	if _, err := w.PromoteAdmin(w.ctx, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateAdmin(w.ctx, "ada@example.com", "another password", domain.LocaleEnglish); !errors.Is(err, application.ErrAdminExists) {
		t.Errorf("an admin: %v", err)
	}
	if w.user(ada.ID).PasswordHash != ada.PasswordHash {
		t.Error("the password changed")
	}
	signUp := w.signUp("bob@example.com")
	bob, err := w.CreateAdmin(w.ctx, "bob@example.com", password, domain.LocaleEnglish)
	if err != nil {
		t.Fatal(err)
	}
	if stored := w.user(bob.ID); bob.ID == signUp.ID || !stored.ActiveAdmin(w.clock.Now()) {
		t.Errorf("created %+v", bob)
	}
	if _, err := w.store.Users().ByID(w.ctx, signUp.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the sign-up is still there: %v", err)
	}
	if _, err := w.PromoteAdmin(w.ctx, "nobody@example.com"); !errors.Is(err, domain.ErrUserNotFound) {
		t.Errorf("promoting nobody: %v", err)
	}
}

func TestEnsureAdmin_ActsOnlyWhileThereIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, want := range []bool{true, false} {
		acted, err := w.EnsureAdmin(w.ctx, "boss@example.com", password)
		if err != nil || acted != want {
			t.Errorf("acted %v, %v; want %v", acted, err, want)
		}
	}
	if acted, err := w.EnsureAdmin(w.ctx, "other@example.com", password); err != nil || acted {
		t.Errorf("a second admin: %v, %v", acted, err)
	}
}
