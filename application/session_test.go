package application_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"coffeeshop/application"
	"coffeeshop/domain"
)

func TestLogin_TellsTheRightPasswordWhatKeepsItOutAndTheWrongOneNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp("new@example.com")
	w.verified("ada@example.com")
	for _, c := range []struct {
		email, password string
		want            error
	}{
		{"ada@example.com", password, nil},
		{"ada@example.com", "wrong password", domain.ErrInvalidCredentials},
		{"new@example.com", password, domain.ErrAccountUnverified},
		{"new@example.com", "wrong password", domain.ErrInvalidCredentials},
		{"nobody@example.com", password, domain.ErrInvalidCredentials},
		{"no address", password, domain.ErrInvalidCredentials},
		{"ada@example.com", "", domain.ErrInvalidCredentials},
	} {
		hashed := w.hasher.count
		_, err := w.Login(w.ctx, application.Login{Email: c.email, Password: c.password})
		if !errors.Is(err, c.want) {
			t.Errorf("%s with %q: %v, want %v", c.email, c.password, err, c.want)
		}
		if w.hasher.count != hashed+1 {
			t.Errorf("%s with %q: %d hashes", c.email, c.password, w.hasher.count-hashed)
		}
	}
}

func TestLogin_UpgradesAnOutdatedHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.verified("ada@example.com")
	u.ChangePassword(domain.NewPasswordHash("old hash of "+password), u.UpdatedAt)
	if err := w.store.Users().Update(w.ctx, u); err != nil {
		t.Fatal(err)
	}
	w.login("ada@example.com")
	if w.user(u.ID).PasswordHash != domain.NewPasswordHash("hash of "+password) {
		t.Error("the hash was not upgraded")
	}
}

func TestLogin_EndsTheOldestSessionBeyondTheLimit(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		var pairs []application.TokenPair
		for range 3 {
			w.clock.advance(time.Second)
			pairs = append(pairs, w.login("ada@example.com"))
		}
		if _, err := w.Authenticate(w.ctx, pairs[0].Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
			t.Errorf("the oldest session: %v", err)
		}
		w.principal(pairs[1])
		w.principal(pairs[2])
	}, func(s *application.Settings) { s.Sessions.PerUser = 2 })
}

func TestRefresh_RotatesAndKeepsTheRoleAsItIsNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	first := w.login("ada@example.com")
	if _, err := w.PromoteAdmin(w.ctx, "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	second, err := w.refresh(first)
	if err != nil {
		t.Fatal(err)
	}
	if second.Refresh == first.Refresh || second.Access == first.Access {
		t.Error("a token was not replaced")
	}
	if !w.principal(second).IsAdmin() || !w.principal(first).IsAdmin() {
		t.Error("the role is not the current one")
	}
}

func TestRefresh_RacingTabsBothStayLoggedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	pairs := make(chan application.TokenPair, 16)
	var group sync.WaitGroup
	for range cap(pairs) {
		group.Go(func() {
			next, err := w.refresh(pair)
			if err != nil {
				t.Error(err)
			}
			pairs <- next
		})
	}
	group.Wait()
	successor := (<-pairs).Refresh
	for range cap(pairs) - 1 {
		if got := <-pairs; got.Refresh != successor {
			t.Error("tabs got different successors")
		}
	}
}

func TestRefresh_ALostAnswerNeverEndsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	for range 3 { // each answer but the last is lost
		if _, err := w.refresh(pair); err != nil {
			t.Fatal(err)
		}
		w.clock.advance(time.Minute)
	}
	next, err := w.refresh(pair)
	if err != nil {
		t.Fatal(err)
	}
	w.principal(next)
	if w.audited(domain.ActionSessionSuperseded) != 3 || w.audited(domain.ActionSessionStolen) != 0 {
		t.Errorf("superseded %d, stolen %d", w.audited(domain.ActionSessionSuperseded), w.audited(domain.ActionSessionStolen))
	}
}

func TestRefresh_AnOldTokenWhoseSuccessorIsInUseIsTheft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	stolen := w.login("ada@example.com")
	owner, err := w.refresh(stolen)
	if err != nil {
		t.Fatal(err)
	}
	w.principal(owner) // the successor was delivered
	w.clock.advance(time.Minute)
	if _, err := w.refresh(stolen); !errors.Is(err, domain.ErrTokenReused) {
		t.Fatalf("the thief: %v", err)
	}
	if _, err := w.refresh(owner); !errors.Is(err, domain.ErrTokenRevoked) {
		t.Errorf("the session goes on: %v", err)
	}
	if _, err := w.Authenticate(w.ctx, owner.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the access token still works: %v", err)
	}
	w.isToldOfTheft("ada@example.com")
}

func (w *world) isToldOfTheft(email string) {
	w.t.Helper()
	w.deliver()
	if !slices.Equal(w.mails.kinds(), []domain.NoticeKind{domain.NoticeSessionStolen}) || w.mails.notices[0].Email.Address != email || w.audited(domain.ActionSessionStolen) != 1 {
		w.t.Errorf("%+v, %d events", w.mails.notices, w.audited(domain.ActionSessionStolen))
	}
}

func TestAuthenticate_ASupersededGenerationIsTheft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	stolen := w.login("ada@example.com")
	owner, err := w.refresh(stolen)
	if err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	thief, err := w.refresh(stolen) // the owner has not used the successor yet, so this passes for a lost answer
	if err != nil {
		t.Fatal(err)
	}
	w.principal(thief)
	w.clock.advance(time.Minute)
	if _, err := w.Authenticate(w.ctx, owner.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrTokenReused) {
		t.Fatalf("the owner's access token: %v", err)
	}
	if _, err := w.Authenticate(w.ctx, thief.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
		t.Fatalf("the thief's access token: %v", err)
	}
	w.isToldOfTheft("ada@example.com")
}

func TestRefresh_NeverOutlivesTheSession(t *testing.T) {
	onEveryStore(t, func(t *testing.T, w *world) {
		w.verified("ada@example.com")
		pair := w.login("ada@example.com")
		end := w.clock.Now().Add(30 * 24 * time.Hour)
		refresh := func() {
			var err error
			if pair, err = w.refresh(pair); err != nil {
				t.Fatal(err)
			}
		}
		for range 30 {
			w.clock.advance(23 * time.Hour)
			refresh()
		}
		w.clock.advance(end.Sub(w.clock.Now()) / 2)
		refresh()
		w.clock.advance(end.Sub(w.clock.Now()) - time.Second)
		refresh()
		w.principal(pair)
		if pair.ExpiresIn != time.Second {
			t.Errorf("a second before the end the access token lives for %v", pair.ExpiresIn)
		}
		w.clock.advance(time.Second)
		if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenExpired) {
			t.Errorf("the refresh token: %v", err)
		}
		if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrTokenExpired) {
			t.Errorf("the access token: %v", err)
		}
	})
}

func TestAuthenticate_AnAccessTokenEndsWithItsRefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *application.Settings) { s.Sessions.Access = 2 * s.Sessions.Refresh })
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	if pair.ExpiresIn != 24*time.Hour {
		t.Errorf("for %v", pair.ExpiresIn)
	}
	w.clock.advance(pair.ExpiresIn)
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrTokenExpired) {
		t.Error(err)
	}
}

func TestLogout_EndsTheSessionAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	other := w.login("ada@example.com")
	if err := w.Logout(w.ctx, pair.Refresh.Reveal(), domain.Source{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(w.ctx, pair.Access.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrSessionEnded) {
		t.Errorf("the access token: %v", err)
	}
	if _, err := w.refresh(pair); !errors.Is(err, domain.ErrTokenRevoked) {
		t.Errorf("the refresh token: %v", err)
	}
	if err := w.Logout(w.ctx, pair.Refresh.Reveal(), domain.Source{}); !errors.Is(err, domain.ErrTokenRevoked) {
		t.Errorf("logging out twice: %v", err)
	}
	w.principal(other)
}

func TestLogout_ARotatedTokenOfALiveSessionEndsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	next, err := w.refresh(pair)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Logout(w.ctx, pair.Refresh.Reveal(), domain.Source{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.refresh(next); !errors.Is(err, domain.ErrTokenRevoked) {
		t.Errorf("the session goes on: %v", err)
	}
}

func TestTokens_OfTheWrongKindAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com")
	if _, err := w.Authenticate(w.ctx, pair.Refresh.Reveal(), domain.Source{}, false); !errors.Is(err, domain.ErrTokenScope) {
		t.Errorf("a refresh token as access token: %v", err)
	}
	if _, err := w.Refresh(w.ctx, pair.Access.Reveal(), domain.Source{}); !errors.Is(err, domain.ErrTokenScope) {
		t.Errorf("an access token as refresh token: %v", err)
	}
	if err := w.Logout(w.ctx, "rubbish", domain.Source{}); !errors.Is(err, domain.ErrTokenMalformed) {
		t.Errorf("rubbish: %v", err)
	}
}
