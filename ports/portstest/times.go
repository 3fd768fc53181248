package portstest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Moments around a second and a midnight, whose written forms sort in another order than the moments do when
// the fraction is left out or the zone differs.
var moments = func() []time.Time {
	midnight := time.Date(2030, 12, 31, 23, 59, 59, 0, time.UTC)
	var all []time.Time
	for _, offset := range []time.Duration{
		-time.Second, -time.Microsecond, 0, time.Microsecond, 10 * time.Microsecond, 100 * time.Millisecond,
		500 * time.Millisecond, 999999 * time.Microsecond, time.Second, 1500 * time.Millisecond,
	} {
		all = append(all, midnight.Add(offset))
	}
	return all
}()

var (
	east = time.FixedZone("east", 5*60*60+30*60)
	west = time.FixedZone("west", -8*60*60)
)

var timeTests = tests{
	"times keep their microseconds and come back as UTC, whatever zone they came in": func(e *env) {
		for _, at := range moments {
			for _, zone := range []*time.Location{time.UTC, east, west} {
				u := e.newVerified(e.email())
				u.CreatedAt, u.UpdatedAt, u.Blocked, u.BlockedUntil = at.In(zone), at.In(zone), true, at.In(zone)
				e.must(e.Store.Users().Create(e.ctx, u))
				got := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID))
				for _, kept := range []time.Time{got.CreatedAt, got.UpdatedAt, got.BlockedUntil} {
					same(e, kept, at)
					same(e, kept.Location(), time.UTC)
				}
				same(e, got.UnverifiedUntil, time.Time{})
			}
		}
	},
	"a challenge is live until its end in every notation of both times": func(e *env) {
		for _, expires := range moments {
			c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, e.email(), uuid.Nil, domain.LocaleEnglish, 0, domain.Source{}, e.now)
			c.ExpiresAt = expires.In(west)
			e.must(e.Store.Challenges().Create(e.ctx, c))
			for _, now := range moments {
				for _, zone := range []*time.Location{time.UTC, east, west} {
					got := ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, c.Purpose, c.Email.Key, now.In(zone)))
					if live := len(got) == 1; live != now.Before(expires) {
						e.Fatalf("ends %v, is %v in %v: live %v", expires, now, zone, live)
					}
				}
			}
		}
	},
	"a session is live until its end in every notation of both times": func(e *env) {
		u := e.user()
		for _, expires := range moments {
			s := domain.Session{ID: newID(), UserID: u.ID, CreatedAt: e.now, LastUsedAt: e.now, ExpiresAt: expires.In(east), Generation: 1}
			token := domain.RefreshToken{JTI: uuid.New(), SessionID: s.ID, Generation: 1, IssuedAt: e.now.Truncate(time.Second),
				ExpiresAt: moments[len(moments)-1].Truncate(time.Second).Add(time.Hour)}
			e.must(e.Store.Sessions().Create(e.ctx, s, token))
			for i, now := range moments {
				zone := []*time.Location{time.UTC, east, west}[i%3]
				err := second(e.Store.Sessions().Authenticate(e.ctx, s.ID, 1, now.In(zone), false))
				if now.Before(expires) {
					e.must(err)
				} else {
					e.fails(err, domain.ErrNotFound)
				}
			}
		}
	},
	"rows are ordered by the moment, not by its notation": func(e *env) {
		email := e.email()
		for i, at := range moments {
			c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, email, uuid.Nil, domain.LocaleEnglish, 0, domain.Source{},
				at.In([]*time.Location{west, time.UTC, east}[i%3]))
			e.must(e.Store.Challenges().Create(e.ctx, c))
		}
		got := ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, domain.PurposeVerifyEmail, email.Key, moments[0]))
		same(e, len(got), len(moments))
		for i, c := range got {
			same(e, c.CreatedAt, moments[len(moments)-1-i])
		}
	},
	"a throttle counts the same in every notation of the time": func(e *env) {
		b := domain.Budget{Burst: 1, Interval: 500 * time.Millisecond}
		for i, taken := range moments {
			for j, now := range moments[i:] {
				key := fmt.Sprint(uuid.NewString(), j)
				same(e, e.take(key, b, taken.In(east)), 0)
				same(e, e.take(key, b, now.In(west)), max(0, b.Interval-now.Sub(taken)))
			}
		}
	},
	"what is handed in in another zone is told as UTC by Rotate and Revoked": func(e *env) {
		s := e.session(e.user().ID)
		r := e.rotation(s, domain.ReasonRotated)
		r.Now = e.now.Add(time.Microsecond).In(east)
		rotated := ok[ports.SessionState](e)(e.Store.Sessions().Rotate(e.ctx, r))
		same(e, rotated.Session.LastUsedAt, r.Now.UTC())
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)), rotated)
		e.revoked(s.Token, domain.ReasonRotated, r.Now.UTC())
	},
}
