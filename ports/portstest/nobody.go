package portstest

import (
	"github.com/google/uuid"

	"coffeeshop/domain"
)

// nobodyTests are about users that are not there.
var nobodyTests = tests{
	"DeleteByUser of nobody leaves the challenges that are nobody's": func(e *env) {
		c := e.challenge(domain.PurposeVerifyEmail, e.email(), uuid.Nil, 0)
		e.must(e.Store.Challenges().DeleteByUser(e.ctx, uuid.Nil))
		same(e, ok[domain.Challenge](e)(e.Store.Challenges().ByID(e.ctx, c.ID)), c)
	},
	"a challenge of a user that is gone cannot be stored": func(e *env) {
		c := e.challenge(domain.PurposeResetPassword, e.email(), uuid.Nil, 0)
		c.ID, c.UserID = uuid.New(), newID()
		e.refused("Challenges.Create", e.Store.Challenges().Create(e.ctx, c))
		e.fails(second(e.Store.Challenges().ByID(e.ctx, c.ID)), domain.ErrNotFound)
	},
}
