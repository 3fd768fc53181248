package portstest

import (
	"maps"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// roundTripTests draw what the domain admits, by its own constructors, and look whether it comes back.
var roundTripTests = tests{
	"every user comes back, wherever users are read": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			u := genUser.Draw(t, "user")
			if u.Verified() {
				must(t, e.Store.Users().Create(e.ctx, u))
			} else {
				cameBack(t, true)(e.Store.Users().CreateSignUp(e.ctx, u))
			}
			cameBack(t, keptUser(u))(e.Store.Users().ByID(e.ctx, u.ID))
			change(t, &u)
			must(t, e.Store.Users().Update(e.ctx, u))
			u.Version++
			cameBack(t, keptUser(u))(e.Store.Users().ByEmail(e.ctx, u.Email.Key))
			s, token := domain.NewSession(newID(), u.ID, uuid.New(), domain.Source{}, e.now, lifetimes)
			must(t, e.Store.Sessions().Create(e.ctx, s, token))
			cameBack(t, ports.Authenticated{User: keptUser(u), Generation: 1})(e.Store.Sessions().Authenticate(e.ctx, s.ID, 1, e.now, false))
			cameBack(t, ports.SessionState{User: keptUser(u), Session: s, Token: token})(e.state(s.ID, e.now))
		})
	},
	"every session comes back, and its successors": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			u := keptUser(genUser.Draw(t, "user"))
			u.Verify(e.now)
			must(t, e.Store.Users().Create(e.ctx, u))
			now := genMoment.Draw(t, "now")
			life := domain.SessionLimits{
				Refresh: time.Duration(rapid.IntRange(1, 525600).Draw(t, "minutes of inactivity")) * time.Minute,
				Session: time.Duration(rapid.IntRange(1, 3650).Draw(t, "days")) * 24 * time.Hour,
			}
			s, token := domain.NewSession(newID(), u.ID, uuid.New(), genSource.Draw(t, "source"), now, life)
			s.Generation, s.RotatedGeneration, s.DeliveredGeneration = genCount.Draw(t, "generation"), genCount.Draw(t, "rotated"), genCount.Draw(t, "delivered")
			token = s.Adopt(domain.NewRefreshToken(s.ID, token.JTI, now, life.Refresh))
			must(t, e.Store.Sessions().Create(e.ctx, s, token))
			before := ports.SessionState{User: u, Session: keptSession(s), Token: keptToken(token)}
			cameBack(t, before)(e.state(s.ID, now))
			sessions, err := e.Store.Sessions().ByUser(e.ctx, u.ID, now)
			cameBack(t, 1)(len(sessions), err)
			cameBack(t, before.Session)(sessions[0], nil)
			cameBack(t, ports.Authenticated{User: u, Generation: s.Generation, InUse: s.InUse()})(
				e.Store.Sessions().Authenticate(e.ctx, s.ID, s.Generation, now, false))

			r := ports.Rotation{JTI: token.JTI,
				Reason: rapid.SampledFrom([]domain.RevocationReason{domain.ReasonRotated, domain.ReasonSuperseded}).Draw(t, "reason"),
				Now:    now.Add(rapid.SampledFrom([]time.Duration{0, 1, time.Microsecond, token.ExpiresAt.Sub(now) - 1}).Draw(t, "later"))}
			r.Next = domain.NewRefreshToken(s.ID, uuid.New(), r.Now, life.Refresh)
			after := before
			after.Session.Generation++
			after.Session.LastUsedAt = kept(r.Now)
			if r.Reason == domain.ReasonRotated {
				after.Session.RotatedGeneration = s.Generation
			}
			after.Token = keptToken(after.Session.Adopt(r.Next))
			cameBack(t, after)(e.Store.Sessions().Rotate(e.ctx, r))
			cameBack(t, after)(e.state(s.ID, now))
			cameBack(t, domain.RevokedToken{RefreshToken: before.Token, Reason: r.Reason, RevokedAt: kept(r.Now)})(
				e.Store.Sessions().Revoked(e.ctx, token.JTI))
		})
	},
	"every challenge comes back": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			now := genMoment.Draw(t, "now")
			purpose := rapid.SampledFrom([]domain.Purpose{domain.PurposeVerifyEmail, domain.PurposeResetPassword, domain.PurposeChangeEmail})
			c := domain.NewChallenge(uuid.New(), purpose.Draw(t, "purpose"), genEmail.Draw(t, "email"), uuid.Nil, genLocale.Draw(t, "locale"),
				rapid.IntRange(0, domain.MaxGuesses).Draw(t, "guesses"), genSource.Draw(t, "source"), now)
			if rapid.Bool().Draw(t, "signed up") {
				c.SignUp = domain.SignUp{At: genMoment.Draw(t, "signed up at"), Network: genSource.Draw(t, "signed up from").Network()}
			}
			must(t, e.Store.Challenges().Create(e.ctx, c))
			c.CreatedAt, c.ExpiresAt, c.SignUp.At = kept(c.CreatedAt), kept(c.ExpiresAt), kept(c.SignUp.At)
			cameBack(t, c)(e.Store.Challenges().ByID(e.ctx, c.ID))
			for at, n := range map[time.Time]int{now: 1, c.ExpiresAt.Add(-1).In(now.Location()): 1, c.ExpiresAt.In(now.Location()): 0} {
				live, err := e.Store.Challenges().Live(e.ctx, c.Purpose, c.Email.Key, at)
				cameBack(t, n)(len(live), err)
			}
			ends := now.Add(domain.ChallengeLife)
			must(t, e.Store.Challenges().BeginHandOver(e.ctx, c.ID, now, ends))
			c.HandOvers, c.HandedOverAt, c.ExpiresAt = 1, kept(now), kept(ends)
			cameBack(t, c)(e.Store.Challenges().ByID(e.ctx, c.ID))
		})
	},
	"every notice comes back": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			n := domain.Notice{ID: newID(), Kind: domain.NoticeSuspiciousLogin, Email: genEmail.Draw(t, "email"),
				Locale: genLocale.Draw(t, "locale"), Source: genSource.Draw(t, "source"), CreatedAt: genMoment.Draw(t, "now")}
			must(t, e.Store.Notices().Create(e.ctx, n))
			n.CreatedAt = kept(n.CreatedAt)
			cameBack(t, n)(e.Store.Notices().ByID(e.ctx, n.ID))
		})
	},
	"every audit event comes back": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			event := domain.AuditEvent{ID: newID(), At: genMoment.Draw(t, "now"), Actor: uuid.New(), Subject: uuid.New(),
				Action: domain.ActionRoleChanged, Source: genSource.Draw(t, "source"),
				Details: rapid.MapOfN(genText(50), genText(500), 0, 3).Draw(t, "details")}
			must(t, e.Store.Audit().Append(e.ctx, event))
			events := e.events(event.Subject)
			cameBack(t, 1)(len(events), nil)
			got := events[0]
			cameBack(t, kept(event.At))(got.At, nil)
			cameBack(t, event.Source)(got.Source, nil)
			cameBack(t, [3]uuid.UUID{event.ID, event.Actor, event.Subject})([3]uuid.UUID{got.ID, got.Actor, got.Subject}, nil)
			if !maps.Equal(got.Details, event.Details) {
				t.Fatalf("details %q, want %q", got.Details, event.Details)
			}
		})
	},
	"every budget lets through what it says, at any time": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			b, now := genBudget.Draw(t, "budget"), genMoment.Draw(t, "now")
			key, interval := uuid.NewString(), b.Interval.Truncate(time.Microsecond)
			for i := range min(b.Burst, 3) {
				cameBack(t, time.Duration(0))(e.Store.Throttles().Take(e.ctx, key, b, now))
				if i+1 == b.Burst {
					cameBack(t, interval)(e.Store.Throttles().Take(e.ctx, key, b, now))
					cameBack(t, time.Microsecond)(e.Store.Throttles().Take(e.ctx, key, b, now.Add(interval-time.Microsecond)))
				}
			}
			cameBack(t, min(b.Burst, 3))(e.Store.Throttles().Reset(e.ctx, key, b, now))
		})
	},
	"every key is remembered until its time, whenever that is": func(e *env) {
		rapid.Check(e.T, func(t *rapid.T) {
			key, before := uuid.NewString(), genMoment.Draw(t, "just before")
			until := before.Add(time.Microsecond)
			must(t, e.Store.Throttles().Remember(e.ctx, key, until))
			cameBack(t, true)(e.Store.Throttles().Remembered(e.ctx, key, before))
			cameBack(t, false)(e.Store.Throttles().Remembered(e.ctx, key, until))
		})
	},
}

// cameBack ends a check unless a call has returned want.
func cameBack[T comparable](t *rapid.T, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		must(t, err)
		if got != want {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	}
}

// kept is a time as it comes back.
func kept(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

func keptUser(u domain.User) domain.User {
	u.UnverifiedUntil, u.BlockedUntil = kept(u.UnverifiedUntil), kept(u.BlockedUntil)
	u.CreatedAt, u.UpdatedAt = kept(u.CreatedAt), kept(u.UpdatedAt)
	return u
}

func keptSession(s domain.Session) domain.Session {
	s.CreatedAt, s.LastUsedAt, s.ExpiresAt = kept(s.CreatedAt), kept(s.LastUsedAt), kept(s.ExpiresAt)
	return s
}

func keptToken(t domain.RefreshToken) domain.RefreshToken {
	t.IssuedAt, t.ExpiresAt = kept(t.IssuedAt), kept(t.ExpiresAt)
	return t
}
