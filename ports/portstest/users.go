package portstest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var userTests = tests{
	"Create and ByID keep every field of a user": func(e *env) {
		u := e.newVerified(e.email())
		u.FirstName, u.LastName, u.Role, u.Locale = "Zoë O'Neil", "Ёлкина 咖啡", domain.RoleAdmin, domain.LocaleRussian
		u.PendingEmail = e.email()
		u.Blocked, u.BlockReason, u.BlockedUntil = true, "a 'reason'; --", e.now.Add(time.Microsecond)
		u.UpdatedAt = e.now.Add(time.Millisecond)
		e.must(e.Store.Users().Create(e.ctx, u))
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, u.Email.Key)), u)
	},
	"CreateSignUp keeps every field of a user": func(e *env) {
		u := e.newUser(e.email())
		u.FirstName, u.PasswordHash, u.PendingEmail = "Ann", domain.PasswordHash{}, e.email()
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, u)), true)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
	},
	"a user's password hash is kept and can be revealed": func(e *env) {
		u := e.user()
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)).PasswordHash.Reveal(), "$2a$hash")
	},
	"ByID and ByEmail return ErrNotFound for an absent user": func(e *env) {
		_, err := e.Store.Users().ByID(e.ctx, newID())
		e.fails(err, domain.ErrNotFound)
		_, err = e.Store.Users().ByEmail(e.ctx, e.email().Key)
		e.fails(err, domain.ErrNotFound)
	},
	"ByEmail returns the newest unverified user while none is verified": func(e *env) {
		email := e.email()
		e.signUp(email)
		newest := e.signUp(email)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)), newest)
	},
	"ByEmail returns an imported user before newer sign-ups, and no invitation": func(e *env) {
		email := e.email()
		imported := e.signUp(email)
		for range 2 {
			newer := e.newUser(email)
			newer.SignUpNetwork = "network"
			same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, newer)), true)
		}
		e.now = e.now.Add(time.Second)
		invited := domain.NewInvitation(newID(), email, domain.RoleUser, domain.LocaleEnglish, newID(), e.now)
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, invited)), true)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)), imported)
		alone := domain.NewInvitation(newID(), e.email(), domain.RoleUser, domain.LocaleEnglish, newID(), e.now)
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, alone)), true)
		_, err := e.Store.Users().ByEmail(e.ctx, alone.Email.Key)
		e.fails(err, domain.ErrNotFound)
	},
	"ByEmail returns the verified user before newer unverified ones": func(e *env) {
		email := e.email()
		old := e.signUp(email)
		e.signUp(email)
		old.Verify(e.now)
		e.must(e.Store.Users().Update(e.ctx, old))
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, email.Key)).ID, old.ID)
	},
	"Lock returns the user, and ErrNotFound for an absent one": func(e *env) {
		u := e.user()
		e.inTx(func(tx ports.Store) error {
			got, err := e.lockOne(tx, u.ID)
			if err == nil && got != u {
				e.Errorf("got %+v, want %+v", got, u)
			}
			return err
		})
		e.fails(e.Store.InTx(e.ctx, func(tx ports.Store) error {
			_, err := e.lockOne(tx, newID())
			return err
		}), domain.ErrNotFound)
	},
	"HashBegins looks at the beginning of every hash, to the letter": func(e *env) {
		u := e.newVerified(e.email())
		prefix := "$begins-" + newID().String() + "$"
		u.PasswordHash = domain.NewPasswordHash(prefix + "rest")
		e.must(e.Store.Users().Create(e.ctx, u))
		for text, want := range map[string]bool{prefix: true, prefix + "rest": true, prefix + "Rest": false, prefix[1:]: false, strings.ToUpper(prefix): false} {
			same(e, ok[bool](e)(e.Store.Users().HashBegins(e.ctx, []string{"$other$", text})), want)
		}
		same(e, ok[bool](e)(e.Store.Users().HashBegins(e.ctx, nil)), false)
	},
	"Lock keeps others from changing the user until the end of the transaction": func(e *env) {
		u := e.user()
		e.allWin(e.race(racers, func(int) error {
			return e.Store.InTx(e.ctx, func(tx ports.Store) error {
				locked, err := e.lockOne(tx, u.ID)
				if err != nil {
					return err
				}
				n, _ := strconv.Atoi(locked.FirstName)
				if err := locked.Rename(strconv.Itoa(n+1), "", e.now); err != nil {
					return err
				}
				return tx.Users().Update(e.ctx, locked)
			})
		}))
		got := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID))
		same(e, got.FirstName, strconv.Itoa(racers))
		same(e, got.Version, u.Version+racers)
	},
	"custom fields are stored, changed by SetCustom only, and returned where the contract says": func(e *env) {
		fields := func(text string) domain.Fields {
			return ok[domain.Fields](e)(domain.Fields{}.Merge("profile", []byte(text)))
		}
		verified, signUp := e.newVerified(e.email()), e.newUser(e.email())
		verified.Custom = domain.CustomFields{Profile: fields(`{"Ключ":"\\\"'\n\t","n":1.10e400}`), AppData: fields(`{"a":[{"b":null}]}`)}
		signUp.Custom = domain.CustomFields{AppData: fields(`{}`)}
		e.must(e.Store.Users().Create(e.ctx, verified))
		same(e, ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, signUp)), true)
		s := e.session(verified.ID)
		for range 2 {
			plain := verified
			plain.Custom = domain.CustomFields{}
			same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, verified.ID)), verified)
			same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, verified.Email.Key)), plain)
			sameList(e, ok[[]domain.User](e)(e.locked(ports.UserSet{IDs: []uuid.UUID{verified.ID}})), []domain.User{plain})
			same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).User, plain)
			same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)).User, plain)
			same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, true)).User, verified)
			e.must(plain.Rename("Ann", "", e.now))
			e.must(e.Store.Users().Update(e.ctx, plain))
			verified.FirstName, verified.UpdatedAt, verified.Version = plain.FirstName, plain.UpdatedAt, plain.Version+1
			same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, verified.ID)), verified)
			verified.Custom = domain.CustomFields{Profile: fields(`{"a":"` + strings.Repeat("ё", 4000) + `"}`)}
			e.inTx(func(tx ports.Store) error { return tx.Users().SetCustom(e.ctx, verified.ID, verified.Custom) })
		}
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, signUp.ID)), signUp)
		e.inTx(func(tx ports.Store) error { return tx.Users().SetCustom(e.ctx, newID(), verified.Custom) })
	},
	"CreateMany stores whom nobody stands in the way of, and says whom": func(e *env) {
		taken := e.newVerified(e.email())
		taken.LegacyID = newID().String()
		e.must(e.Store.Users().Create(e.ctx, taken))
		attempt := e.signUp(e.email())
		all := []domain.User{e.newVerified(e.email()), e.newUser(e.email()), e.newVerified(attempt.Email), e.newUser(taken.Email),
			e.newVerified(taken.Email), e.newVerified(e.email()), e.newVerified(e.email())}
		all[0].LegacyID, all[0].Custom.Profile, all[0].FirstName = newID().String(), domain.StoredFields(`{"a":1}`), "Ёлка"
		all[5].LegacyID = taken.LegacyID
		all[6].ID = taken.ID
		stored := ok[[]uuid.UUID](e)(e.Store.Users().CreateMany(e.ctx, all))
		slices.SortFunc(stored, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
		sameList(e, stored, []uuid.UUID{all[0].ID, all[1].ID, all[2].ID, all[3].ID})
		for _, u := range all[:4] {
			same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		}
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, taken.ID)), taken)
		sameList(e, ok[[]uuid.UUID](e)(e.Store.Users().CreateMany(e.ctx, all)), nil)
		sameList(e, ok[[]uuid.UUID](e)(e.Store.Users().CreateMany(e.ctx, nil)), nil)
		locked := ok[[]domain.User](e)(e.locked(ports.UserSet{Emails: []string{taken.Email.Key, "nobody"}, LegacyIDs: []string{all[0].LegacyID, "none"}}))
		var ids []uuid.UUID
		for _, u := range locked {
			ids = append(ids, u.ID)
		}
		sameList(e, ids, []uuid.UUID{taken.ID, all[0].ID, all[3].ID})
	},
	"of racing CreateMany calls of one address one stores it": func(e *env) {
		email := e.email()
		users := make([]domain.User, racers)
		for i := range users {
			users[i] = e.newVerified(email)
		}
		stored := make([]int, racers)
		e.allWin(e.race(racers, func(i int) error {
			ids, err := e.Store.Users().CreateMany(e.ctx, users[i:i+1])
			stored[i] = len(ids)
			return err
		}))
		n := 0
		for _, count := range stored {
			n += count
		}
		same(e, n, 1)
	},
	"UpgradeHash replaces the hash that it names, and leaves the version": func(e *env) {
		u, next := e.user(), domain.NewPasswordHash("$2a$stronger")
		e.must(e.Store.Users().UpgradeHash(e.ctx, u.ID, domain.NewPasswordHash("$2a$another"), next))
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		e.must(e.Store.Users().UpgradeHash(e.ctx, u.ID, u.PasswordHash, next))
		u.PasswordHash = next
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
		e.must(e.Store.Users().UpgradeHash(e.ctx, newID(), next, u.PasswordHash))
	},
	"Update stores every field and raises the version": func(e *env) {
		u := e.signUp(e.email())
		e.must(u.Rename("Ann", "Lee", e.now))
		u.Verify(e.now)
		u.ChangeEmail(e.email(), e.now)
		u.ChangePassword(domain.NewPasswordHash("another"), e.now)
		e.must(u.ChangeRole(domain.RoleAdmin, e.now))
		e.must(u.Block("reason", e.now.Add(time.Hour), e.now.Add(time.Microsecond)))
		u.Locale = domain.LocaleRussian
		u.AwaitEmail(e.email(), e.now)
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)

		e.must(u.Rename("", "", e.now))
		u.Unblock(e.now)
		u.ChangeEmail(u.PendingEmail, e.now)
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), u)
	},
	"a pending address is kept wherever a user is read": func(e *env) {
		u := e.user()
		u.AwaitEmail(e.email(), e.now)
		e.must(e.Store.Users().Update(e.ctx, u))
		u.Version++
		s := e.session(u.ID)
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, u.Email.Key)), u)
		same(e, ok[ports.Authenticated](e)(e.Store.Sessions().Authenticate(e.ctx, s.Session.ID, 1, e.now, false)).User, u)
		same(e, e.rotate(s, domain.ReasonRotated).User, u)
		same(e, ok[ports.SessionState](e)(e.state(s.Session.ID, e.now)).User, u)
		e.inTx(func(tx ports.Store) error {
			locked, err := e.lockOne(tx, u.ID)
			if err == nil && locked != u {
				e.Errorf("got %+v, want %+v", locked, u)
			}
			return err
		})
	},
	"a pending address is nobody's address yet, and may be several users'": func(e *env) {
		owner, a, b := e.user(), e.user(), e.user()
		free := e.email()
		for _, u := range []domain.User{a, b} {
			u.AwaitEmail(owner.Email, e.now)
			e.must(e.Store.Users().Update(e.ctx, u))
			u.Version++
			u.AwaitEmail(free, e.now)
			e.must(e.Store.Users().Update(e.ctx, u))
		}
		same(e, ok[domain.User](e)(e.Store.Users().ByEmail(e.ctx, owner.Email.Key)), owner)
		e.fails(second(e.Store.Users().ByEmail(e.ctx, free.Key)), domain.ErrNotFound)
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(free)))
	},
	"Update of another version is ErrConflict and changes nothing": func(e *env) {
		u := e.user()
		e.must(e.Store.Users().Update(e.ctx, u))
		stored := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID))
		for _, version := range []int64{0, stored.Version - 1, stored.Version + 1} {
			stale := stored
			stale.Version, stale.FirstName = version, "stale"
			e.fails(e.Store.Users().Update(e.ctx, stale), domain.ErrConflict)
		}
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID)), stored)
	},
	"of concurrent Updates of one version one succeeds, the others are ErrConflict": func(e *env) {
		u := e.user()
		winner := e.oneWins(e.race(racers, func(i int) error {
			mine := u
			mine.FirstName = strconv.Itoa(i)
			return e.Store.Users().Update(e.ctx, mine)
		}), domain.ErrConflict)
		got := ok[domain.User](e)(e.Store.Users().ByID(e.ctx, u.ID))
		same(e, got.FirstName, strconv.Itoa(winner))
		same(e, got.Version, u.Version+1)
	},
	"Update of a user that is gone is ErrNotFound": func(e *env) {
		u := e.user()
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
		e.fails(e.Store.Users().Update(e.ctx, u), domain.ErrNotFound)
	},
	"Delete removes the user with its sessions and challenges, and nobody else's": func(e *env) {
		u, other := e.user(), e.user()
		mine, theirs := e.session(u.ID), e.session(other.ID)
		asked := e.challenge(domain.PurposeResetPassword, u.Email, u.ID, 0)
		kept := e.challenge(domain.PurposeResetPassword, other.Email, other.ID, 0)
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))

		_, err := e.Store.Users().ByID(e.ctx, u.ID)
		e.fails(err, domain.ErrNotFound)
		_, err = e.state(mine.Session.ID, e.now)
		e.fails(err, domain.ErrNotFound)
		_, err = e.Store.Challenges().ByID(e.ctx, asked.ID)
		e.fails(err, domain.ErrNotFound)
		same(e, ok[domain.User](e)(e.Store.Users().ByID(e.ctx, other.ID)), other)
		same(e, ok[ports.SessionState](e)(e.state(theirs.Session.ID, e.now)).Session, theirs.Session)
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, kept.ID)), kept)
	},
	"Delete leaves the user's tokens in the blacklist": func(e *env) {
		u := e.user()
		first, second := e.session(u.ID), e.session(u.ID)
		rotated := e.rotate(first, domain.ReasonRotated)
		e.now = e.now.Add(time.Minute)
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
		e.revoked(rotated.Token, domain.ReasonRevoked, e.now)
		e.revoked(second.Token, domain.ReasonRevoked, e.now)
		e.revoked(first.Token, domain.ReasonRotated, e.now.Add(-time.Minute))
	},
	"Delete of an absent user is ErrNotFound; of concurrent calls one succeeds": func(e *env) {
		e.fails(e.Store.Users().Delete(e.ctx, newID(), e.now), domain.ErrNotFound)
		u := e.user()
		s := e.session(u.ID)
		e.oneWins(e.race(racers, func(int) error { return e.Store.Users().Delete(e.ctx, u.ID, e.now) }), domain.ErrNotFound)
		e.revoked(s.Token, domain.ReasonRevoked, e.now)
	},
	"Delete takes unverified users too, and frees the address": func(e *env) {
		u := e.signUp(e.email())
		e.must(e.Store.Users().Delete(e.ctx, u.ID, e.now))
		v := e.newVerified(u.Email)
		e.must(e.Store.Users().Create(e.ctx, v))
		e.must(e.Store.Users().Delete(e.ctx, v.ID, e.now))
		e.must(e.Store.Users().Create(e.ctx, e.newVerified(u.Email)))
	},
}
