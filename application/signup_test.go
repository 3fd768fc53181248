package application_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestSignUp_TheCodeInTheMailOpensTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.signUp("Ada@Example.com")
	if u.Status != domain.StatusUnverified || u.Role != domain.RoleUser || u.Email.Address != "Ada@Example.com" {
		t.Fatalf("signed up as %+v", u)
	}
	w.deliver()
	if err := w.Verify(w.ctx, application.Verify{Email: " ada@example.COM ", Code: w.mails.last().Digits.Reveal()}); err != nil {
		t.Fatal(err)
	}
	got := w.user(u.ID)
	if !got.Verified() || !got.UnverifiedUntil.IsZero() {
		t.Fatalf("verified as %+v", got)
	}
	w.login("ADA@example.com")
}

func TestSignUp_RefusesWhatBreaksTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, in := range map[string]application.SignUp{
		"no address":         {Email: "ada", Password: password},
		"short password":     {Email: "a@example.com", Password: "seven77"},
		"control characters": {Email: "a@example.com", Password: password, FirstName: "A\x00"},
	} {
		var e *domain.Error
		if _, err := w.SignUp(w.ctx, in); !errors.As(err, &e) || e.Code != "invalid_input" || len(e.Fields) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.hasher.count != 0 {
		t.Error("hashed a password of a refused sign-up")
	}
}

func TestSignUp_OfAVerifiedAddressChangesNothingAndAnswersAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.verified("ada@example.com")
	mails := w.mails.mailed()
	again := w.signUp("ada@example.com")
	if again.ID == owner.ID || again.Status != domain.StatusUnverified {
		t.Fatalf("answered %+v", again)
	}
	w.deliver()
	if w.mails.mailed() != mails {
		t.Error("a code was mailed")
	}
	if _, err := w.store.Users().ByID(w.ctx, again.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the sign-up was stored: %v", err)
	}
	if w.user(owner.ID) != owner {
		t.Error("the owner's account changed")
	}
}

func TestVerify_TheCodeDecidesWhichAttemptBecomesTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, email := range []string{"first@example.com", "second@example.com"} { // of two, the owner's
		signUps := []domain.User{w.signUpFrom("192.0.2.1", email), w.signUpFrom("198.51.100.1", email)}
		w.deliver()
		if err := w.Verify(w.ctx, application.Verify{Email: email, Code: w.mails.codesOf(signUps[i].ID).Digits.Reveal()}); err != nil {
			t.Fatal(err)
		}
		if got := w.user(signUps[i].ID); !got.Verified() {
			t.Errorf("%s: the owner's sign-up is not verified", email)
		}
		if _, err := w.store.Users().ByID(w.ctx, signUps[1-i].ID); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%s: the other sign-up is still there: %v", email, err)
		}
	}
}

func TestVerify_WithAnIDHonoursThatAttemptOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.signUp("ada@example.com")
	w.deliver()
	code := w.mails.last().Digits.Reveal()
	if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: code, ID: uuid.New()}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Fatalf("another sign-up's id: %v", err)
	}
	if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: code, ID: mine.ID}); err != nil {
		t.Fatal(err)
	}
}

func TestVerify_WhenSeveralAttemptsAreVerifiedAtOnceOneBecomesTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const signUps = 3
	for i := range signUps {
		w.signUpFrom(fmt.Sprintf("192.0.2.%d", i), "ada@example.com")
	}
	w.deliver()
	results := make(chan error, 16)
	var group sync.WaitGroup
	for i := range cap(results) {
		group.Go(func() {
			results <- w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: w.mails.codes[i%signUps].Long.Reveal()})
		})
	}
	group.Wait()
	won := 0
	for range cap(results) {
		switch err := <-results; {
		case err == nil:
			won++
		case !errors.Is(err, domain.ErrInvalidCode):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d sign-ups became the account", won)
	}
}

func TestVerify_TakesFiveGuessesOfTheDigitsAndThenOnlyTheLongCode(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.signUp("ada@example.com")
		w.deliver()
		codes := w.mails.last()
		verify := func(code string) error {
			return w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: code})
		}
		wrong := "000000"
		if codes.Digits.Reveal() == wrong {
			wrong = "000001"
		}
		for range 5 {
			if err := verify(wrong); !errors.Is(err, domain.ErrInvalidCode) {
				t.Fatal(err)
			}
		}
		if err := verify(codes.Digits.Reveal()); !errors.Is(err, domain.ErrInvalidCode) {
			t.Fatalf("a sixth guess was taken: %v", err)
		}
		w.clock.advance(time.Minute)
		w.signUpFrom("192.0.2.1", "ada@example.com") // another challenge buys no guesses
		w.deliver()
		if err := verify(w.mails.last().Digits.Reveal()); !errors.Is(err, domain.ErrInvalidCode) {
			t.Fatalf("a new challenge bought guesses: %v", err)
		}
		if err := verify(codes.Long.Reveal()); err != nil {
			t.Fatalf("the long code: %v", err)
		}
		if err := verify(codes.Long.Reveal()); !errors.Is(err, domain.ErrInvalidCode) {
			t.Fatalf("a code worked twice: %v", err)
		}
	})
}

func TestResend_RepeatsTheCodesAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("ada@example.com")
	w.deliver()
	first := w.mails.last()
	for _, wait := range []time.Duration{0, 59 * time.Second} {
		w.clock.advance(wait)
		if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: domain.Source{}}); err != nil {
			t.Fatal(err)
		}
	}
	w.deliver()
	if w.mails.mailed() != 1 {
		t.Fatalf("%d mails in the first minute", w.mails.mailed())
	}
	w.clock.advance(time.Second)
	if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: domain.Source{}}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	if w.mails.mailed() != 2 || w.mails.last() != first {
		t.Fatal("the codes were not repeated")
	}
}

func TestResend_OpensANewChallengeLateInTheLifeOfTheOldOneWhichInheritsTheGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("ada@example.com")
	w.deliver()
	first := w.mails.last()
	for range domain.MaxGuesses {
		_ = w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: "999999"})
	}
	w.clock.advance(domain.ChallengeLife/2 + time.Second)
	if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", Source: domain.Source{}}); err != nil {
		t.Fatal(err)
	}
	w.deliver()
	second := w.mails.last()
	if second == first {
		t.Fatal("the old codes were repeated")
	}
	if err := w.Verify(w.ctx, application.Verify{Email: "ada@example.com", Code: second.Digits.Reveal()}); !errors.Is(err, domain.ErrInvalidCode) {
		t.Fatalf("a resend bought guesses: %v", err)
	}
}

func TestResend_OfAnUnknownOrVerifiedAddressMailsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	w.clock.advance(time.Hour)
	mails := w.mails.mailed()
	for _, address := range []string{"ada@example.com", "nobody@example.com"} {
		if err := w.Resend(w.ctx, application.Resend{Email: address, Source: domain.Source{}}); err != nil {
			t.Fatal(err)
		}
	}
	w.deliver()
	if w.mails.mailed() != mails {
		t.Error("a mail went out")
	}
}

func TestDeliver_AMailServerThatIsAwayLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("ada@example.com")
	jobs := w.jobs()
	w.mails.fail = errors.New("connection refused")
	if err := w.DeliverChallenge(w.ctx, jobs[0].ID); err == nil {
		t.Fatal("a failed delivery was reported as done")
	}
	w.mails.fail = nil
	for range 2 { // a job may run twice; the codes stay the same
		if err := w.DeliverChallenge(w.ctx, jobs[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if w.mails.codes[0] != w.mails.codes[1] {
		t.Error("the second mail carries other codes")
	}
}

func TestPurge_RemovesWhatHasExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	signUp := w.signUp("slow@example.com")
	kept := w.verified("ada@example.com")
	w.login("ada@example.com")
	w.clock.advance(domain.SignUpLife)
	if _, err := w.Purge(w.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Users().ByID(w.ctx, signUp.ID); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("the sign-up: %v", err)
	}
	if sessions, err := w.store.Sessions().ByUser(w.ctx, kept.ID, time.Time{}); err != nil || len(sessions) != 0 {
		t.Errorf("sessions %v, %v", sessions, err)
	}
	w.login("ada@example.com")
}

func TestSignUp_ItsMailTellsWhenAndFromWhereItCame(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		told := func() domain.SignUp { return w.mails.challenges[len(w.mails.challenges)-1].SignUp }
		signedUp := domain.SignUp{At: w.clock.Now(), Network: "2001:db8:1:2::/64"}
		u := w.signUpFrom("2001:db8:1:2:3:4:5:6", "ada@example.com")
		w.deliver()
		if got := told(); !got.At.Equal(signedUp.At) || got.Network != signedUp.Network {
			t.Errorf("told %+v, want %+v", got, signedUp)
		}
		again := func(after time.Duration) {
			t.Helper()
			w.clock.advance(after)
			if err := w.Resend(w.ctx, application.Resend{Email: "ada@example.com", ID: u.ID, Source: from("198.51.100.7")}); err != nil {
				t.Fatal(err)
			}
			w.deliver()
		}
		again(2 * time.Minute)                         // the same codes
		w.signUpFrom("203.0.113.9", "ada@example.com") // a newer one, whose mail tells its own
		again(6 * time.Minute)                         // others, while the first ones live
		if got := told(); !got.At.Equal(signedUp.At) || got.Network != signedUp.Network {
			t.Errorf("a repeated mail told %+v, want %+v", got, signedUp)
		}
		w.clock.advance(2 * time.Hour)
		if _, err := w.Purge(w.ctx); err != nil {
			t.Fatal(err)
		}
		again(0)
		if got := told(); !got.At.Equal(signedUp.At) || got.Network != "" {
			t.Errorf("once the codes were gone, a mail told %+v", got)
		}
	})
}
