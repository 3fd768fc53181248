package application_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const owner, stranger = "192.0.2.1", "198.51.100.1"

// What came by an import waits for its owner, however many strangers sign up with the address.
func TestSignUp_LeavesImportedUsersAlone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		email := domain.Email{Address: "ada@example.com", Key: "ada@example.com"}
		imported := domain.NewUser(uuid.Must(uuid.NewV7()), email, domain.NewPasswordHash("hash of "+password), domain.LocaleEnglish, w.clock.Now())
		imported.LegacyID, imported.UnverifiedUntil = "17", w.clock.Now().Add(30*24*time.Hour)
		if _, err := w.store.Users().CreateMany(w.ctx, []domain.User{imported}); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			w.signUpFrom(fmt.Sprintf("203.0.113.%d", i), "ada@example.com")
			w.clock.advance(time.Hour)
		}
		if w.gone(imported.ID) {
			t.Fatal("a stranger's sign-up deleted the imported user")
		}
		w.jobs() // the strangers' mails
		if _, err := w.Login(w.ctx, application.Login{Email: "ada@example.com", Password: password, Source: from("192.0.2.1")}); !errors.Is(err, domain.ErrAccountUnverified) {
			t.Errorf("the login of the imported user: %v", err)
		}
		if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: from("192.0.2.1")}); err != nil {
			t.Fatal(err)
		}
		w.deliver()
		if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: w.mails.last().Long.Reveal(), ID: imported.ID}); err != nil {
			t.Fatal(err)
		}
		if u := w.user(imported.ID); !u.Verified() || u.LegacyID != "17" {
			t.Errorf("%+v", u)
		}
	})
}

func (w *world) gone(id uuid.UUID) bool {
	w.t.Helper()
	_, err := w.store.Users().ByID(w.ctx, id)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		w.t.Fatal(err)
	}
	return err != nil
}

func TestSignUp_ReplacesTheOneOfTheSameNetworkAndNoOther(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		mine := w.signUpFrom(owner, "ada@example.com")
		first := w.signUpFrom(stranger, "ada@example.com")
		second := w.signUpFrom(stranger, "ada@example.com")
		if w.gone(mine.ID) || !w.gone(first.ID) || w.gone(second.ID) {
			t.Errorf("gone: mine %v, the stranger's first %v and second %v", w.gone(mine.ID), w.gone(first.ID), w.gone(second.ID))
		}
	})
}

func TestSignUp_StrangersOfOneNetworkNeitherPushTheOwnersOutNorUseUpItsMails(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		refused := 0
		flood := func() {
			for range 6 {
				_, err := w.SignUp(w.ctx, application.SignUp{Email: "ada@example.com", Password: password, Locale: domain.LocaleEnglish, Source: from(stranger)})
				if errors.Is(err, domain.Throttled(0)) {
					refused++
				} else if err != nil {
					t.Fatal(err)
				}
				w.clock.advance(time.Minute)
				if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: from(stranger)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		flood()
		mine := w.signUpFrom(owner, "ada@example.com")
		flood()
		w.deliver()
		if refused != 10 { // three mails, of which two were taken by a sign-up: the other was asked for again
			t.Errorf("%d sign-ups were refused", refused)
		}
		if w.gone(mine.ID) {
			t.Fatal("the owner's sign-up is gone")
		}
		code := w.mails.codesOf(mine.ID).Digits.Reveal()
		if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: code, ID: mine.ID}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSignUp_OverTheMailsOfAnAddressIsNotStoredAndIsAnsweredAlikeForEveryAddress(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		for _, address := range []string{"ada@example.com", "new@example.com"} {
			answers := 0
			hashes := w.hasher.count
			for i := range 15 {
				_, err := w.SignUp(w.ctx, application.SignUp{Email: address, Password: password, Locale: domain.LocaleEnglish, Source: from(fmt.Sprintf("203.0.113.%d", i))})
				if err == nil {
					answers++
				} else if !errors.Is(err, domain.Throttled(0)) {
					t.Fatal(err)
				}
			}
			want := 10
			if address == "ada@example.com" {
				want = 9 // its own sign-up took one
			}
			if answers != want || w.hasher.count-hashes != want {
				t.Errorf("%s: %d were stored, %d hashes; want %d", address, answers, w.hasher.count-hashes, want)
			}
		}
	}, func(s *application.Settings) {
		s.Budgets.SignUpsFromNetwork = domain.Budget{Burst: 1000, Interval: time.Second}
	})
}

// A sign-up gives way to others once its codes have ended, or when its mail is ten minutes late.
func TestSignUp_GivesWayOnceNobodyCanBeAboutToAnswer(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		mailed := w.signUpFrom("192.0.2.1", "ada@example.com")
		w.deliver()
		w.clock.advance(5 * time.Minute)
		unsent := w.signUpFrom("192.0.2.2", "ada@example.com")
		w.clock.advance(5*time.Minute - time.Second)
		w.signUpFrom("192.0.2.3", "ada@example.com")
		if w.gone(mailed.ID) || w.gone(unsent.ID) {
			t.Error("one gave way early")
		}
		w.clock.advance(time.Second)
		w.signUpFrom("192.0.2.4", "ada@example.com")
		if !w.gone(mailed.ID) || w.gone(unsent.ID) {
			t.Error("the one whose codes have ended did not give way, or the other one did")
		}
		w.clock.advance(5 * time.Minute)
		w.signUpFrom("192.0.2.5", "ada@example.com")
		if !w.gone(unsent.ID) {
			t.Error("the one without a mail did not give way")
		}
	})
}

func TestResend_RepeatsTheSignUpThatIsNamedElseThatOfTheNetworkElseTheNewest(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		mine := w.signUpFrom(owner, "ada@example.com")
		w.clock.advance(time.Second)
		theirs := w.signUpFrom(stranger, "ada@example.com")
		w.deliver()
		for _, c := range []struct {
			what   string
			resend application.Resend
			want   uuid.UUID
		}{
			{"named, from elsewhere", application.Resend{ID: mine.ID, Source: from("203.0.113.1")}, mine.ID},
			{"of the network", application.Resend{Source: from(owner)}, mine.ID},
			{"of the other network", application.Resend{Source: from(stranger)}, theirs.ID},
			{"the newest", application.Resend{Source: from("203.0.113.2")}, theirs.ID},
			{"an unknown id", application.Resend{ID: uuid.New(), Source: from(owner)}, uuid.Nil},
		} {
			w.clock.advance(time.Minute)
			mailed := w.mails.mailed()
			c.resend.Email = "ada@example.com"
			if err := w.Resend(w.ctx, c.resend); err != nil {
				t.Fatal(err)
			}
			w.deliver()
			switch {
			case c.want == uuid.Nil && w.mails.mailed() != mailed:
				t.Errorf("%s: a mail went out", c.what)
			case c.want == uuid.Nil:
			case w.mails.mailed() != mailed+1 || w.mails.challenges[mailed].UserID != c.want:
				t.Errorf("%s: the wrong sign-up, or none", c.what)
			}
		}
	})
}

// The code lives ten minutes from the first try whose outcome was not a certain failure.
func TestDeliver_ATryWhoseOutcomeIsUnknownStartsTheTenMinutes(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		verify := func(u domain.User) error {
			c := w.mails.codesOf(u.ID)
			return w.Verify(w.ctx, application.Verify{Email: u.Email.Key, Code: c.Long.Reveal(), ID: u.ID})
		}
		for name, c := range map[string]struct {
			fail error
			want error
		}{
			"refused for certain": {fmt.Errorf("451: %w", ports.ErrNotTaken), nil},
			"an answer was lost":  {errors.New("connection reset"), domain.ErrInvalidCode},
		} {
			u := w.signUpFrom("192.0.2.1", fmt.Sprintf("ada%d@example.com", len(name)))
			jobs := w.jobs()
			w.mails.fail = c.fail
			if err := w.DeliverChallenge(w.ctx, jobs[0].ID); !errors.Is(err, c.fail) {
				t.Fatal(err)
			}
			w.mails.fail = nil
			w.clock.advance(10*time.Minute - time.Second)
			if err := w.DeliverChallenge(w.ctx, jobs[0].ID); err != nil { // the codes live in either case
				t.Fatal(err)
			}
			w.clock.advance(time.Second)
			if err := verify(u); !errors.Is(err, c.want) {
				t.Errorf("%s: ten minutes after the first try: %v, want %v", name, err, c.want)
			}
		}
	})
}

// Of two workers that mail the same codes, the failure of one does not hide that the other one's mail was taken.
func TestDeliver_AFailureDoesNotTakeAnothersHandOverBack(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		u := w.signUpFrom("192.0.2.1", "ada@example.com")
		jobs := w.jobs()
		w.mails.before = func() error { // the first one is at the mail server when the second one comes
			w.mails.before = nil
			if err := w.DeliverChallenge(w.ctx, jobs[0].ID); err != nil {
				t.Error(err)
			}
			return ports.ErrNotTaken
		}
		if err := w.DeliverChallenge(w.ctx, jobs[0].ID); !errors.Is(err, ports.ErrNotTaken) {
			t.Fatal(err)
		}
		w.clock.advance(10 * time.Minute)
		err := w.Verify(w.ctx, application.Verify{Email: u.Email.Key, Code: w.mails.codesOf(u.ID).Long.Reveal()})
		if !errors.Is(err, domain.ErrInvalidCode) {
			t.Errorf("after ten minutes: %v", err)
		}
	})
}

func TestBlock_EndsAtMostTenYearsAheadInAnyZone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		boss := w.admin("boss@example.com")
		u := w.verified("ada@example.com")
		latest := w.clock.Now().AddDate(10, 0, 0)
		for _, c := range []struct {
			until time.Time
			fails bool
		}{
			{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*60*60)), true},
			{latest.Add(time.Microsecond), true},
			{latest.In(time.FixedZone("", 14*60*60)), false},
			{w.clock.Now().Add(time.Microsecond), false},
		} {
			_, err := w.BlockUser(w.ctx, boss, application.BlockUser{ID: u.ID, Until: c.until})
			var e *domain.Error
			if c.fails != (errors.As(err, &e) && e.Code == "invalid_input" && e.Fields[0].Name == "until") || !c.fails && err != nil {
				t.Errorf("until %s: %v", c.until, err)
			}
			if _, err := w.Users(w.ctx, boss, application.ListUsers{Sort: domain.SortNewest, Limit: 100}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.EnsureAdmin(w.ctx, "boss@example.com", password); err != nil {
				t.Fatal(err)
			}
		}
	})
}
