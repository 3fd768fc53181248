package portstest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// The longest texts that the domain takes, in characters of four bytes.
var (
	longestName  = strings.Repeat("😀", 100)
	longestAgent = strings.Repeat("🦊", 63) + "end" // 255 bytes
	longestHash  = "$" + strings.Repeat("h", 254)
)

// longestEmail returns an address of 254 bytes that nobody has.
func (e *env) longestEmail() domain.Email {
	e.Helper()
	local := (strings.ReplaceAll(uuid.NewString(), "-", "") + strings.Repeat("x", 64))[:64]
	y := strings.Repeat("y", 60)
	return ok[domain.Email](e)(domain.ParseEmail(local + "@" + y + "." + y + "." + y[1:] + ".example"))
}

// alike are texts that collations take for equal, and that are not.
var alike = []string{"key é", "KEY É", "key É", "key e", "key e\u0301", "key é ", " key é", "key é\t", "key\u200bé", "keyé"}

var textTests = tests{
	"the longest texts of a user come back whole, wherever a user is read": func(e *env) {
		u := e.newUser(e.longestEmail())
		e.must(u.Rename(longestName, longestName, e.now))
		e.must(u.Block(longestName, time.Time{}, e.now))
		u.PendingEmail, u.PasswordHash = e.longestEmail(), domain.NewPasswordHash(longestHash)
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, u)), true)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		u.PasswordHash = domain.NewPasswordHash(longestHash[1:] + "$")
		u.Verify(e.now)
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		s := e.session(u.ID)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, u.Email.Key)), u)
		same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)).User, u)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).User, u)
		same(e, e.rotate(s, domain.ReasonRotated).User, u)

		created := e.newVerified(e.longestEmail())
		created.FirstName, created.LastName, created.PasswordHash = longestName, longestName, domain.NewPasswordHash(longestHash)
		e.must(e.Store.Users().Create(e.ctx, created))
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, created.ID)), created)
	},
	"roles, locales, purposes and reasons of a later version come back": func(e *env) {
		u := e.newVerified(e.email())
		u.Role, u.Locale = "auditor", "kk"
		e.must(e.Store.Users().Create(e.ctx, u))
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		c := domain.NewChallenge(uuid.New(), "invite", u.Email, u.ID, "kk", 0, domain.Source{}, e.now)
		e.must(e.Store.Challenges().Create(e.ctx, c))
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
		s := e.session(u.ID)
		e.must(e.Store.Sessions().End(e.ctx, s.Session.ID, "expelled", e.now))
		e.revoked(s.Token, "expelled", e.now)
	},
	"the longest texts of a source come back whole": func(e *env) {
		source := domain.Source{IP: "2001:db8:1111:2222:3333:4444:5555:6666", UserAgent: longestAgent, RequestID: strings.Repeat("r", 128)}
		s, token := domain.NewSession(newID(), e.user().ID, uuid.New(), source, e.now, lifetimes)
		e.must(e.Store.Sessions().Create(e.ctx, s, token))
		same(e, ok[ports.SessionState](e)(e.state(s.ID, e.now)).Session, s)

		n := domain.Notice{ID: newID(), Kind: domain.NoticeSessionStolen, Email: e.longestEmail(), Locale: domain.LocaleRussian,
			Source: source, CreatedAt: e.now}
		e.must(e.Store.Notices().Create(e.ctx, n))
		same(e, ok[domain.Notice](e)(e.Store.Notices().ByID(e.ctx, n.ID)), n)

		event := domain.AuditEvent{ID: newID(), At: e.now, Subject: uuid.New(), Action: domain.ActionRoleChanged, Source: source,
			Details: map[string]string{longestName: longestName}}
		e.must(e.Store.Audit().Append(e.ctx, event))
		e.hasEvent(event)
	},
	"addresses are the same when their keys are, byte by byte": func(e *env) {
		var users []domain.User
		for i, key := range alike {
			users = append(users, e.newVerified(domain.Email{Address: fmt.Sprint(i), Key: key}))
			e.must(e.Store.Users().Create(e.ctx, users[i]))
		}
		for i, key := range alike {
			same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, key)), users[i])
			same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, e.newUser(domain.Email{Key: key}))), false)
			e.challenge(domain.PurposeResetPassword, users[i].Email, users[i].ID, 0)
			same(e, len(ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, domain.PurposeResetPassword, key, e.now))), 1)
		}
		e.must(e.Store.Challenges().DeleteByAddress(e.ctx, domain.PurposeResetPassword, alike[0]))
		for _, key := range alike[1:] {
			same(e, len(ok[[]domain.Challenge](e)(e.Store.Challenges().Live(e.ctx, domain.PurposeResetPassword, key, e.now))), 1)
		}
	},
	"keys of throttles are the same byte by byte": func(e *env) {
		for _, key := range alike {
			same(e, e.remembered(key, e.now), false)
			same(e, e.take(key, once, e.now), 0)
			e.remember(key, e.now.Add(time.Hour))
		}
		for _, key := range alike {
			same(e, e.reset(key, once, e.now), 1)
			same(e, e.remembered(key, e.now), true)
		}
	},
}
