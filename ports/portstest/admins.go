package portstest

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var adminTests = tests{
	"Lock of the admins returns every verified one, blocked ones too, in the order of their ids": func(e *env) {
		sameList(e, ok[[]domain.User](e)(lockAdmins(e)), nil)
		var want []domain.User
		for i := range 4 {
			u := e.newVerified(e.email())
			u.Role = domain.RoleAdmin
			if i == 1 {
				e.must(u.Block("reason", time.Time{}, e.now))
			}
			u.ID = uuid.New() // in no order
			e.must(e.Store.Users().Create(e.ctx, u))
			want = append(want, u)
		}
		e.user()
		unverified := e.newUser(e.email())
		unverified.Role = domain.RoleAdmin
		ok[bool](e)(e.Store.Users().CreateSignUp(e.ctx, unverified))
		slices.SortFunc(want, func(a, b domain.User) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		sameList(e, ok[[]domain.User](e)(lockAdmins(e)), want)
	},
	"of two admins who demote each other at the same moment one remains": func(e *env) {
		for range 5 {
			admins := []domain.User{e.admin(), e.admin()}
			winner := e.oneWins(e.race(2, func(i int) error { return e.demote(admins[1-i].ID) }), domain.ErrLastAdmin)
			left := ok[[]domain.User](e)(lockAdmins(e))
			if len(left) != 1 || left[0].ID != admins[winner].ID {
				e.Fatalf("left: %+v", left)
			}
			e.must(e.Store.Users().Delete(e.ctx, left[0].ID, e.now))
		}
	},
	"of 16 admins demoted at the same moment one remains": func(e *env) {
		admins := make([]domain.User, racers)
		for i := range admins {
			admins[i] = e.admin()
		}
		refused := 0
		for _, err := range e.race(racers, func(i int) error { return e.demote(admins[i].ID) }) {
			if err != nil {
				e.fails(err, domain.ErrLastAdmin)
				refused++
			}
		}
		same(e, refused, 1)
		same(e, len(ok[[]domain.User](e)(lockAdmins(e))), 1)
	},
}

func (e *env) admin() domain.User {
	e.Helper()
	u := e.newVerified(e.email())
	u.Role = domain.RoleAdmin
	e.must(e.Store.Users().Create(e.ctx, u))
	return u
}

// demote makes an admin a user unless no other admin would remain.
func (e *env) demote(id uuid.UUID) error {
	return e.Store.InTx(e.ctx, func(tx ports.Store) error {
		admins, err := tx.Users().Lock(e.ctx, ports.UserSet{Admins: true})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(admins, func(u domain.User) bool { return u.ID == id })
		switch {
		case i < 0:
			return errors.New("the admin is not among the admins")
		case len(admins) == 1:
			return domain.ErrLastAdmin
		}
		if err := admins[i].ChangeRole(domain.RoleUser, e.now); err != nil {
			return err
		}
		return tx.Users().Update(e.ctx, admins[i])
	})
}

func lockAdmins(e *env) ([]domain.User, error) { return e.locked(ports.UserSet{Admins: true}) }
