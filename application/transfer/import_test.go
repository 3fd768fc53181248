package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const hash = "$2a$04$......................gaYTrZVZNgBtbpTU5xWSqgcYYL2wBBy"

func TestImport_KeepsEveryField(t *testing.T) {
	onEveryStore(t, func(w *world) {
		r := transfer.Record{
			ID: "01890000-0000-7000-8000-000000000001", Email: "Ada@Example.com", FirstName: "Ada", LastName: "Лавлейс", Role: "admin", Status: "verified", Locale: "ru",
			CreatedAt: time.Date(2001, 2, 3, 4, 5, 6, 7000, time.FixedZone("", 3600)), Blocked: true, BlockedUntil: w.now.Add(time.Hour), BlockReason: "holiday",
			Profile: []byte(` {"a" : 1.10} `), AppData: []byte(`{"plan":"gold"}`), LegacyID: "4711", PasswordHash: domain.NewPasswordHash(hash),
		}
		w.is("summary", w.imports(transfer.ConflictSkip, r), transfer.Summary{Lines: 1, Added: 1})
		got, err := w.store.Users().ByID(w.ctx, uuid.MustParse(r.ID))
		if err != nil {
			w.t.Fatal(err)
		}
		want := domain.User{
			ID: uuid.MustParse(r.ID), Email: domain.Email{Address: "Ada@Example.com", Key: "ada@example.com"}, FirstName: "Ada", LastName: "Лавлейс",
			Status: domain.StatusVerified, Role: domain.RoleAdmin, Locale: domain.LocaleRussian, PasswordHash: r.PasswordHash, PasswordVersion: 1, Blocked: true,
			BlockedUntil: w.now.Add(time.Hour), BlockReason: "holiday", LegacyID: "4711", Version: 1, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: w.now,
			Custom: domain.CustomFields{Profile: domain.StoredFields(`{"a":1.10}`), AppData: domain.StoredFields(`{"plan":"gold"}`)},
		}
		if got != want {
			w.t.Errorf("got  %+v\nwant %+v", got, want)
		}
		w.imports(transfer.ConflictSkip, transfer.Record{Email: "bob@example.com", Status: "unverified"}, transfer.Record{Email: "cyd@example.com", Status: "verified", Blocked: true, BlockedUntil: w.now})
		if bob := w.byEmail("bob@example.com"); bob.Verified() || bob.UnverifiedUntil != w.now.Add(30*24*time.Hour) || !bob.PasswordHash.IsZero() {
			w.t.Errorf("%+v", bob)
		}
		if cyd := w.byEmail("cyd@example.com"); cyd.Blocked {
			w.t.Error("a block that has ended is kept")
		}
	})
}

func TestImport_ABadLineIsReportedAndTheOthersGoIn(t *testing.T) {
	onEveryStore(t, func(w *world) {
		w.imports(transfer.ConflictSkip, transfer.Record{ID: "01890000-0000-7000-8000-000000000009", Email: "here@example.com", Status: "verified"})
		secret := "$2a$20$" + strings.Repeat("s", 53)
		records := []transfer.Record{
			verified("good@example.com"), {Email: "x", Status: "verified"}, {Email: "a@example.com"}, {Email: "a@example.com", Status: "unverified", Role: "admin"},
			{Email: "a@example.com", Status: "verified", Role: "root"}, {Email: "a@example.com", Status: "verified", ID: "17"}, {Email: "a@example.com", Status: "verified", Locale: "english"},
			{Email: "a@example.com", Status: "verified", PasswordHash: domain.NewPasswordHash(secret)}, {Email: "a@example.com", Status: "verified", FirstName: strings.Repeat("x", 101)},
			{Email: "a@example.com", Status: "verified", CreatedAt: w.now.Add(time.Hour)}, {Email: "a@example.com", Status: "verified", Profile: []byte("[]")},
			{Email: "a@example.com", Status: "verified", AppData: []byte(`{"a":"\u0000"}`)}, {Email: "a@example.com", Status: "verified", LegacyID: "a\x00"},
			{Email: "a@example.com", Status: "verified", Blocked: true, BlockReason: "a\nb"},
			{Email: "b@example.com", Status: "verified", ID: "01890000-0000-7000-8000-000000000009"}, verified("last@example.com"),
		}
		// All a@example.com but the first give way to it, and it is bad: none goes in, and each is told why.
		done, err := w.run(transfer.Options{Conflict: transfer.ConflictSkip}, func(ctx context.Context) iter.Seq2[transfer.Record, error] {
			return func(yield func(transfer.Record, error) bool) {
				for r, err := range of(records...)(ctx) {
					if r.Email == "a@example.com" {
						r.Email = fmt.Sprintf("a%d@example.com", r.Line)
					}
					if !yield(r, err) {
						return
					}
				}
				yield(transfer.Record{Line: 99}, transfer.BadLine{Line: 99, Reason: "no JSON"})
			}
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.is("summary", done, transfer.Summary{Lines: 17, Added: 2, Bad: 15})
		w.byEmail("good@example.com")
		w.byEmail("last@example.com")
		slices.SortFunc(w.reports, func(a, b transfer.BadLine) int { return a.Line - b.Line })
		for i, want := range []string{"email ", "status ", "role ", "role ", "id ", "locale ", "password_hash ", "first_name ", "created_at ", "profile ", "app_data ", "legacy_id ", "block_reason ", "id ", "no JSON"} {
			if i >= len(w.reports) || !strings.HasPrefix(w.reports[i].Reason, want) || i < 14 && w.reports[i].Line != i+2 || strings.Contains(w.reports[i].Reason, "sss") {
				w.t.Errorf("report %d is %+v, want %s", i, w.reports[min(i, len(w.reports)-1)], want)
			}
		}
	})
}

func TestImport_OfEqualAddressesTheVerifiedThenTheOldestWins(t *testing.T) {
	onEveryStore(t, func(w *world) {
		at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
		done := w.imports(transfer.ConflictSkip,
			transfer.Record{Email: "A@example.com", Status: "unverified", FirstName: "1", CreatedAt: at(2001)},
			transfer.Record{Email: "a@Example.com", Status: "verified", FirstName: "2", CreatedAt: at(2005)},
			transfer.Record{Email: "a@example.com", Status: "verified", FirstName: "3", CreatedAt: at(2003)},
			transfer.Record{Email: "a@example.com", Status: "verified", FirstName: "4"},
			transfer.Record{Email: "b@example.com", Status: "unverified", FirstName: "5"},
			transfer.Record{Email: "B@example.com", Status: "unverified", FirstName: "6"})
		w.is("summary", done, transfer.Summary{Lines: 6, Added: 2, Bad: 4})
		w.is("a", w.byEmail("a@example.com").FirstName, "3")
		w.is("b", w.byEmail("b@example.com").FirstName, "5")
		for _, r := range w.reports {
			if want := map[int]string{1: "3", 2: "3", 4: "3", 6: "5"}[r.Line]; !strings.Contains(r.Reason, "line "+want+",") {
				w.t.Errorf("%+v", r)
			}
		}
	})
}

func TestImport_TwoLinesOfOneLegacyIDAreNotTakenForOnePerson(t *testing.T) {
	onEveryStore(t, func(w *world) {
		line := func(email, legacyID string) transfer.Record {
			return transfer.Record{Email: email, Status: "verified", LegacyID: legacyID}
		}
		w.is("summary", w.imports(transfer.ConflictUpdate, line("a@example.com", "1"), line("b@example.com", "1"), line("c@example.com", "2")), transfer.Summary{Lines: 3, Added: 2, Bad: 1})
		if len(w.reports) != 1 || w.reports[0].Line != 2 || w.reports[0].ID != "1" || !strings.HasPrefix(w.reports[0].Reason, "legacy_id is that of line 1,") {
			w.t.Errorf("%+v", w.reports)
		}
		w.is("summary", w.imports(transfer.ConflictUpdate, transfer.Record{Email: "c@example.com", Status: "verified", LegacyID: "1", FirstName: "X"}), transfer.Summary{Lines: 1, Bad: 1})
		if a := w.byEmail("a@example.com"); a.FirstName != "" {
			w.t.Errorf("%+v", a)
		}
	})
}

func TestImport_AVerifiedLineFreesTheLegacyIDOfTheSignUpThatItReplaces(t *testing.T) {
	onEveryStore(t, func(w *world) {
		w.imports(transfer.ConflictSkip, transfer.Record{Email: "a@example.com", Status: "unverified", LegacyID: "1"})
		w.is("summary", w.imports(transfer.ConflictSkip, verified("a@example.com"), transfer.Record{Email: "b@example.com", Status: "verified", LegacyID: "1"}), transfer.Summary{Lines: 2, Added: 2})
		w.is("legacy id", w.byEmail("b@example.com").LegacyID, "1")
	})
}

func TestImport_AStrangersSignUpIsNotTheUserOfALine(t *testing.T) {
	onEveryStore(t, func(w *world) {
		stranger := domain.NewUser(uuid.New(), domain.Email{Address: "a@example.com", Key: "a@example.com"}, domain.NewPasswordHash(hash), domain.LocaleEnglish, w.now)
		stranger.SignUpNetwork, stranger.UnverifiedUntil = "network", w.now.Add(time.Hour)
		if err := w.store.InTx(w.ctx, func(tx ports.Store) error { return tx.Users().Create(w.ctx, stranger) }); err != nil {
			w.t.Fatal(err)
		}
		line := transfer.Record{Email: "a@example.com", Status: "unverified", Profile: []byte(`{"a":1}`)}
		for _, want := range []transfer.Summary{{Lines: 1, Added: 1}, {Lines: 1, Skipped: 1}} { // and never twice
			w.is("summary", w.imports(transfer.ConflictUpdate, line), want)
		}
		if got, err := w.store.Users().ByID(w.ctx, stranger.ID); err != nil || !got.Custom.Profile.IsZero() {
			w.t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestImport_ABadLineDoesNotWinAndABlockIsNotDropped(t *testing.T) {
	onEveryStore(t, func(w *world) {
		done := w.imports(transfer.ConflictSkip,
			transfer.Record{Email: "a@example.com", Status: "verified", PasswordHash: domain.NewPasswordHash("junk")}, transfer.Record{Email: "A@example.com", Status: "unverified"},
			transfer.Record{Email: "b@example.com", Status: "verified", BlockedUntil: w.now.Add(time.Hour)}, transfer.Record{Email: "c@example.com", Status: "verified", BlockReason: "abuse"},
			transfer.Record{Email: "d@example.com", Status: "verified", BlockedUntil: w.now.Add(-time.Hour), BlockReason: "over"})
		w.is("summary", done, transfer.Summary{Lines: 5, Added: 2, Bad: 3})
		w.byEmail("a@example.com")
		if w.byEmail("d@example.com").Blocked {
			w.t.Error("a block that is over")
		}
	})
}

func TestImport_KnownLinesAreSkippedUpdatedOrEndTheRun(t *testing.T) {
	onEveryStore(t, func(w *world) {
		first := []transfer.Record{
			{Email: "ada@example.com", Status: "verified", LegacyID: "1", FirstName: "Ada", Role: "admin", Blocked: true, Profile: []byte(`{"a":1}`), PasswordHash: domain.NewPasswordHash(hash)},
			{Email: "bob@example.com", Status: "unverified", FirstName: "Bob"},
		}
		w.imports(transfer.ConflictSkip, first...)
		before := w.users()
		changed := []transfer.Record{
			{Email: "other@example.com", Status: "unverified", LegacyID: "1", FirstName: "Augusta", LastName: "King", Role: "user", Locale: "ru", Profile: []byte(`{"b":2}`), AppData: []byte(`{}`),
				PasswordHash: domain.NewPasswordHash(strings.Replace(hash, "$04$", "$05$", 1))},
			{Email: "BOB@example.com", Status: "unverified", LegacyID: "2"},
			{Email: "cyd@example.com", Status: "verified"},
		}
		w.is("skip", w.imports(transfer.ConflictSkip, changed[:2]...), transfer.Summary{Lines: 2, Skipped: 2})
		if now := w.users(); !slices.Equal(now, before) {
			w.t.Errorf("skipped lines changed %+v to %+v", before, now)
		}
		_, err := w.run(transfer.Options{Conflict: transfer.ConflictFail}, of(changed[2], changed[0], verified("never@example.com")))
		if !errors.Is(err, transfer.ErrKnown) || !strings.Contains(err.Error(), "line 2") {
			w.t.Errorf("fail: %v", err)
		}
		w.byEmail("cyd@example.com") // what came before the known line stays
		if len(w.users()) != 3 {
			w.t.Errorf("there are %d users", len(w.users()))
		}
		w.now = w.now.Add(time.Hour)
		w.is("update", w.imports(transfer.ConflictUpdate, changed...), transfer.Summary{Lines: 3, Updated: 1, Skipped: 2})
		want := before[slices.IndexFunc(before, func(u domain.User) bool { return u.LegacyID == "1" })]
		want.FirstName, want.LastName, want.Locale, want.Version, want.UpdatedAt = "Augusta", "King", domain.LocaleRussian, want.Version+1, w.now
		want.Custom = domain.CustomFields{Profile: domain.StoredFields(`{"b":2}`), AppData: domain.StoredFields(`{}`)}
		if got, err := w.store.Users().ByID(w.ctx, want.ID); err != nil || got != want {
			w.t.Errorf("updated to %+v, %v\nwant %+v", got, err, want)
		}
		w.is("again", w.imports(transfer.ConflictUpdate, changed...), transfer.Summary{Lines: 3, Skipped: 3})
	})
}

func TestImport_AVerifiedLineReplacesTheAttemptsOfItsAddress(t *testing.T) {
	onEveryStore(t, func(w *world) {
		email := domain.Email{Address: "ada@example.com", Key: "ada@example.com"}
		attempt := domain.NewUser(uuid.Must(uuid.NewV7()), email, domain.NewPasswordHash(hash), domain.LocaleEnglish, w.now)
		invited := domain.NewInvitation(uuid.Must(uuid.NewV7()), email, domain.RoleAdmin, domain.LocaleEnglish, uuid.New(), w.now)
		code := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, email, attempt.ID, domain.LocaleEnglish, 0, domain.Source{}, w.now)
		err := w.store.InTx(w.ctx, func(tx ports.Store) error {
			if _, err := tx.Users().CreateMany(w.ctx, []domain.User{attempt, invited}); err != nil {
				return err
			}
			return tx.Challenges().Create(w.ctx, code)
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.is("an unverified line", w.imports(transfer.ConflictSkip, transfer.Record{Email: "ada@example.com", Status: "unverified"}), transfer.Summary{Lines: 1, Skipped: 1})
		w.is("a verified line", w.imports(transfer.ConflictSkip, verified("ADA@example.com")), transfer.Summary{Lines: 1, Added: 1})
		if users := w.users(); len(users) != 1 || !users[0].Verified() {
			w.t.Errorf("left are %+v", users)
		}
		if _, err := w.store.Challenges().ByID(w.ctx, code.ID); !errors.Is(err, domain.ErrNotFound) {
			w.t.Errorf("the code of the attempt: %v", err)
		}
	})
}

func TestImport_GoesOnWhereItWasStoppedAndARepeatedRunChangesNothing(t *testing.T) {
	onEveryStore(t, func(w *world) {
		var records []transfer.Record
		for i := range 1203 {
			r := verified(fmt.Sprintf("user%d@example.com", i))
			if i%3 == 0 {
				r.Status, r.LegacyID = "unverified", fmt.Sprint(i)
			}
			records = append(records, r)
		}
		w.is("dry run", second(w.run(transfer.Options{Conflict: transfer.ConflictSkip, DryRun: true}, of(records...))), "{1203 1203 0 0 0}")
		w.is("users after a dry run", len(w.users()), 0)
		if page, err := w.store.Audit().List(w.ctx, domain.AuditQuery{Limit: 10}); err != nil || len(page.Events) != 0 {
			w.t.Errorf("%+v, %v", page, err)
		}
		ctx, cancel := context.WithCancel(w.ctx)
		whole := w.ctx
		w.ctx = ctx
		done, err := w.run(transfer.Options{Conflict: transfer.ConflictSkip, Progress: func(s transfer.Summary) {
			if s.Added == 500 {
				cancel()
			}
		}}, of(records...))
		w.ctx = whole
		if !errors.Is(err, context.Canceled) || done.Added != 500 {
			w.t.Errorf("stopped: %+v, %v", done, err)
		}
		w.is("users of the first half", len(w.users()), 500)
		w.is("second half", w.imports(transfer.ConflictSkip, records...), transfer.Summary{Lines: 1203, Added: 703, Skipped: 500})
		before := w.users()
		w.is("again", w.imports(transfer.ConflictSkip, records...), transfer.Summary{Lines: 1203, Skipped: 1203})
		if !slices.Equal(before, w.users()) {
			w.t.Error("a repeated run changed something")
		}
		page, err := w.store.Audit().List(w.ctx, domain.AuditQuery{Limit: 10})
		if err != nil || len(page.Events) != 3 || page.Events[0].Action != domain.ActionUsersImported || page.Events[2].Details["added"] != "500" {
			w.t.Errorf("the events are %+v, %v", page.Events, err)
		}
	})
}

func TestImport_RacesWithSignUpsAndItself(t *testing.T) {
	onEveryStore(t, func(w *world) {
		var records []transfer.Record
		for i := range 400 {
			records = append(records, verified(fmt.Sprintf("user%d@example.com", i)))
		}
		added := make([]int, 4)
		var wg sync.WaitGroup
		for i := range added {
			wg.Go(func() {
				done, err := w.Import(w.ctx, of(records...), transfer.Options{Conflict: transfer.ConflictSkip, Report: func(transfer.BadLine) {}, Progress: func(transfer.Summary) {}})
				if err != nil {
					w.t.Error(err)
				}
				added[i] = done.Added
			})
		}
		for i := range 100 {
			wg.Go(func() {
				email, _ := domain.ParseEmail(fmt.Sprintf("user%d@example.com", i))
				err := w.store.InTx(w.ctx, func(tx ports.Store) error {
					if _, err := tx.Users().Lock(w.ctx, ports.UserSet{Address: email.Key}); err != nil {
						return err
					}
					_, err := tx.Users().CreateSignUp(w.ctx, domain.NewUser(uuid.Must(uuid.NewV7()), email, domain.PasswordHash{}, domain.LocaleEnglish, w.now))
					return err
				})
				if err != nil {
					w.t.Error(err)
				}
			})
		}
		wg.Wait()
		verified := map[string]int{}
		for _, u := range w.users() {
			if u.Verified() {
				verified[u.Email.Key]++
			}
		}
		if sum := added[0] + added[1] + added[2] + added[3]; sum != 400 || len(verified) != 400 {
			w.t.Errorf("%v were added, %d addresses are verified", added, len(verified))
		}
	})
}

func second(done transfer.Summary, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(done)
}
