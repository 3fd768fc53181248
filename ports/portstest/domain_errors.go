package portstest

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var domainErrorTests = tests{
	"a transaction goes on after every domain error, and commits what it did before and after": func(e *env) {
		taken, moved := e.user(), e.user()
		moved.ChangeEmail(taken.Email, e.now)
		stale := taken
		stale.Version++
		for name, failure := range map[string]struct {
			want error
			call func(tx ports.Store) error
		}{
			"Users.Create":          {domain.ErrEmailTaken, func(tx ports.Store) error { return tx.Users().Create(e.ctx, e.newVerified(taken.Email)) }},
			"Users.Update, address": {domain.ErrEmailTaken, func(tx ports.Store) error { return tx.Users().Update(e.ctx, moved) }},
			"Users.Update, version": {domain.ErrConflict, func(tx ports.Store) error { return tx.Users().Update(e.ctx, stale) }},
			"Sessions.End":          {domain.ErrNotFound, func(tx ports.Store) error { return tx.Sessions().End(e.ctx, newID(), domain.ReasonRevoked, e.now) }},
			"Sessions.Lock":         {domain.ErrNotFound, func(tx ports.Store) error { return second(tx.Sessions().Lock(e.ctx, newID(), e.now)) }},
			"Sessions.Rotate": {domain.ErrNotFound, func(tx ports.Store) error {
				return second(tx.Sessions().Rotate(e.ctx, e.rotation(ports.SessionState{}, domain.ReasonRotated)))
			}},
			"Sessions.Revoked":   {domain.ErrNotFound, func(tx ports.Store) error { return second(tx.Sessions().Revoked(e.ctx, uuid.New())) }},
			"Challenges.Consume": {domain.ErrNotFound, func(tx ports.Store) error { return tx.Challenges().Consume(e.ctx, uuid.New(), e.now) }},
			"Notices.ByID":       {domain.ErrNotFound, func(tx ports.Store) error { return second(tx.Notices().ByID(e.ctx, newID())) }},
		} {
			before, after := e.newVerified(e.email()), e.newVerified(e.email())
			e.inTx(func(tx ports.Store) error {
				if _, err := tx.Users().Lock(e.ctx, ports.UserSet{IDs: []uuid.UUID{taken.ID, moved.ID}}); err != nil {
					return err
				}
				if err := tx.Users().Create(e.ctx, before); err != nil {
					return err
				}
				if err := failure.call(tx); !errors.Is(err, failure.want) {
					return fmt.Errorf("%s: error %w, want %w", name, err, failure.want)
				}
				return tx.Users().Create(e.ctx, after)
			})
			e.must(second(e.Store.Users().ByID(e.ctx, before.ID)))
			e.must(second(e.Store.Users().ByID(e.ctx, after.ID)))
		}
	},
}
