package application_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"coffeeshop/adapters/memstore"
	"coffeeshop/application"
	"coffeeshop/domain"
	"coffeeshop/ports"
	"coffeeshop/ports/portstest"
)

func TestSessions_BehaveAsTheModelOnMemstore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { // 100 checks of 100 steps
		drive(rt, t, memstore.New(), rapid.SliceOfN(steps(), 100, 100).Draw(rt, "steps"))
	})
}

// step is one action; A and B choose what it acts on among what there is when its turn comes.
type step struct {
	Do   string
	A, B int
}

func steps() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return step{
			Do: rapid.SampledFrom([]string{
				"login", "login", "refresh current", "refresh current", "refresh current", "refresh any", "refresh any",
				"use current", "use any", "use any", "race", "logout", "end session", "end all", "block", "unblock", "role",
				"purge", "wait", "wait", "wait",
			}).Draw(t, "do"),
			A: rapid.IntRange(0, 1000).Draw(t, "a"),
			B: rapid.IntRange(0, 1000).Draw(t, "b"),
		}
	})
}

const (
	modelGrace       = 10 * time.Second
	modelMaxSessions = 3
)

var modelWaits = []time.Duration{
	time.Millisecond, time.Second, modelGrace - time.Millisecond, modelGrace, 11 * time.Second, time.Minute,
	31 * time.Minute, 5 * time.Hour, 24*time.Hour - time.Second, 25 * time.Hour, 6 * 24 * time.Hour,
}

// The model: what docs/sessions.md says, with nothing of how it is stored.
type (
	modelUser struct {
		id       uuid.UUID
		email    string
		admin    bool
		blocked  bool
		sessions []*modelSession
	}
	modelSession struct {
		user        *modelUser
		ended       bool
		end         time.Time
		current     *modelToken
		generation  int64
		lastRotated int64
		delivered   int64
		handedOut   time.Time
		byGen       map[int64]*modelToken
	}
	modelToken struct { // a generation: its refresh token and when it stopped being the current one
		session *modelSession
		gen     int64
		refresh string
		state   string // "", rotated, superseded
		since   time.Time
		expires time.Time
	}
	modelAccess struct {
		token   *modelToken
		access  string
		expires time.Time
	}
)

func (s *modelSession) live(now time.Time) bool {
	return !s.ended && now.Before(s.end) && now.Before(s.current.expires)
}

type modelRun struct {
	rt     rapid.TB
	app    *application.App
	store  ports.Store
	clock  *clock
	ctx    context.Context
	boss   string // the admin's address
	users  []*modelUser
	tokens []*modelToken
	access []*modelAccess
}

// drive runs the steps against the application and the model, and stops where they differ.
func drive(rt rapid.TB, t *testing.T, store ports.Store, todo []step) {
	c := newClock()
	m := &modelRun{rt: rt, store: store, clock: c, ctx: t.Context(),
		app: newApp(t, portstest.Twice(portstest.Strict(store)), c.Now, &hasher{}, &outbox{}, func(s *application.Settings) { s.Sessions.PerUser, s.RateLimits = modelMaxSessions, false })}
	run := uuid.NewString() // several runs may share a store
	for i := range 3 {
		email := domain.Email{Address: fmt.Sprintf("%d-%s@example.com", i, run), Key: fmt.Sprintf("%d-%s@example.com", i, run)}
		u := domain.NewUser(uuid.Must(uuid.NewV7()), email, domain.NewPasswordHash("hash of "+password), domain.LocaleEnglish, c.Now())
		u.Verify(c.Now())
		if i == 0 {
			u.Role = domain.RoleAdmin
			m.boss = email.Key
		} else {
			m.users = append(m.users, &modelUser{id: u.ID, email: email.Key})
		}
		if err := store.Users().Create(m.ctx, u); err != nil {
			rt.Fatal(err)
		}
	}
	for i, s := range todo {
		m.take(i, s)
	}
	for _, u := range m.users {
		sessions, err := store.Sessions().ByUser(m.ctx, u.id, c.Now())
		if want := len(u.live(c.Now())); err != nil || len(sessions) != want {
			rt.Fatalf("%d sessions are left, want %d (%v)", len(sessions), want, err)
		}
	}
}

// admin is a principal with a session that has just begun.
func (m *modelRun) admin() domain.Principal {
	pair, err := m.app.Login(m.ctx, application.Login{Email: m.boss, Password: password})
	if err != nil {
		m.rt.Fatal(err)
	}
	p, err := m.app.Authenticate(m.ctx, pair.Access.Reveal(), domain.Source{}, false)
	if err != nil {
		m.rt.Fatal(err)
	}
	return p
}

func (u *modelUser) live(now time.Time) []*modelSession {
	return slices.DeleteFunc(slices.Clone(u.sessions), func(s *modelSession) bool { return !s.live(now) })
}

func (m *modelRun) take(i int, s step) {
	now, u := m.clock.Now(), m.users[s.A%len(m.users)]
	var got, want error
	switch s.Do {
	case "login":
		var pair application.TokenPair
		pair, got = m.app.Login(m.ctx, application.Login{Email: u.email, Password: password})
		if want = m.login(u, now); want == nil && got == nil {
			session := &modelSession{user: u, end: now.Add(30 * 24 * time.Hour).Truncate(time.Second), byGen: map[int64]*modelToken{}}
			u.sessions = append(u.sessions, session)
			m.issued(session, pair, now)
		}
	case "refresh current", "refresh any", "race":
		if len(m.tokens) == 0 {
			return
		}
		token := m.tokens[s.B%len(m.tokens)]
		if s.Do != "refresh any" {
			token = token.session.current
		}
		got, want = m.refresh(token, now)
		if s.Do == "race" && want == nil && got == nil {
			got, want = m.refresh(token, now)
		}
	case "use current", "use any":
		if len(m.access) == 0 {
			return
		}
		a := m.access[s.B%len(m.access)]
		if s.Do == "use current" {
			a = m.access[len(m.access)-1]
		}
		var p domain.Principal
		p, got = m.app.Authenticate(m.ctx, a.access, domain.Source{}, false)
		if want = a.use(now); want == nil && got == nil && p.IsAdmin() != a.token.session.user.admin {
			m.rt.Fatalf("step %d: the role is not the current one", i)
		}
	case "logout":
		if len(m.tokens) == 0 {
			return
		}
		token := m.tokens[s.B%len(m.tokens)]
		got = m.app.Logout(m.ctx, token.refresh, domain.Source{})
		want = token.logout(now)
	case "end session":
		sessions, err := m.store.Sessions().ByUser(m.ctx, u.id, now)
		live := u.live(now)
		if err != nil || len(sessions) != len(live) {
			m.rt.Fatalf("step %d: %d sessions, want %d (%v)", i, len(sessions), len(live), err)
		}
		if len(live) == 0 {
			return
		}
		n := s.B % len(live) // newest first there, oldest first here
		got = m.app.EndSession(m.ctx, m.admin(), u.id, sessions[len(sessions)-1-n].ID, domain.Source{})
		live[n].ended = true
	case "end all":
		got = m.app.EndSessions(m.ctx, m.admin(), u.id, domain.Source{})
		u.endAll()
	case "block":
		_, got = m.app.BlockUser(m.ctx, m.admin(), application.BlockUser{ID: u.id})
		u.blocked = true
		u.endAll()
	case "unblock":
		_, got = m.app.UnblockUser(m.ctx, m.admin(), u.id, nil, domain.Source{})
		u.blocked = false
	case "role":
		role := "admin"
		if u.admin {
			role = "user"
		}
		_, got = m.app.UpdateUser(m.ctx, m.admin(), application.UpdateUser{ID: u.id, Role: &role})
		u.admin = !u.admin
	case "purge":
		_, got = m.app.Purge(m.ctx)
	case "wait":
		m.clock.advance(modelWaits[s.B%len(modelWaits)])
	}
	if !errors.Is(got, want) {
		m.rt.Fatalf("step %d (%s): %v, want %v", i, s.Do, got, want)
	}
}

func (u *modelUser) endAll() {
	for _, s := range u.sessions {
		s.ended = true
	}
}

func (m *modelRun) login(u *modelUser, now time.Time) error {
	if u.blocked {
		return domain.ErrAccountBlocked
	}
	for live := u.live(now); len(live) >= modelMaxSessions; live = live[1:] {
		live[0].ended = true
	}
	return nil
}

// issued notes a new generation of a session.
func (m *modelRun) issued(s *modelSession, pair application.TokenPair, now time.Time) {
	s.generation++
	s.handedOut = now
	expires := now.Truncate(time.Second).Add(24 * time.Hour)
	if expires.After(s.end) {
		expires = s.end
	}
	s.current = &modelToken{session: s, gen: s.generation, refresh: pair.Refresh.Reveal(), expires: expires}
	s.byGen[s.generation] = s.current
	m.tokens = append(m.tokens, s.current)
	m.note(s, pair, now)
}

func (m *modelRun) note(s *modelSession, pair application.TokenPair, now time.Time) {
	expires := now.Truncate(time.Second).Add(30 * time.Minute)
	if expires.After(s.end) {
		expires = s.end
	}
	m.access = append(m.access, &modelAccess{token: s.current, access: pair.Access.Reveal(), expires: expires})
}

func (m *modelRun) refresh(token *modelToken, now time.Time) (got, want error) {
	pair, got := m.app.Refresh(m.ctx, token.refresh, domain.Source{})
	s := token.session
	replace := func(state string) {
		s.current.state, s.current.since = state, now
		if got == nil {
			m.issued(s, pair, now)
		}
	}
	switch {
	case !now.Before(token.expires):
		return got, domain.ErrTokenExpired
	case !s.live(now):
		return got, domain.ErrTokenRevoked
	case token == s.current:
		s.lastRotated = token.gen
		replace("rotated")
	case now.Sub(token.since) < modelGrace,
		token.state == "rotated" && token.gen == s.lastRotated && now.Sub(s.handedOut) < modelGrace:
		if s.delivered < s.generation {
			s.handedOut = now
		}
		if got == nil {
			if pair.Refresh.Reveal() != s.current.refresh {
				m.rt.Fatal("a racing tab got another successor")
			}
			m.note(s, pair, now)
		}
	case token.state == "rotated" && token.gen == s.lastRotated && s.delivered < s.generation:
		replace("superseded")
	default:
		s.ended = true
		return got, domain.ErrTokenReused
	}
	return got, nil
}

func (t *modelToken) logout(now time.Time) error {
	switch {
	case !now.Before(t.expires):
		return domain.ErrTokenExpired
	case !t.session.live(now):
		return domain.ErrTokenRevoked
	}
	t.session.ended = true
	return nil
}

func (a *modelAccess) use(now time.Time) error {
	s := a.token.session
	switch {
	case !now.Before(a.expires):
		return domain.ErrTokenExpired
	case !s.live(now):
		return domain.ErrSessionEnded
	case a.token.state == "superseded" && now.Sub(a.token.since) >= modelGrace:
		s.ended = true
		return domain.ErrTokenReused
	case a.token.gen == s.generation:
		s.delivered = s.generation
	}
	return nil
}
