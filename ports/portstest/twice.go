package portstest

import (
	"context"
	"errors"

	"coffeeshop/ports"
)

// Twice returns the store with transactions whose function runs twice: the first time to be rolled back. A function
// that relies on what an earlier run left behind then fails.
func Twice(store ports.Store) ports.Store { return twice{store} }

// ErrAgain rolls back the first run of a transaction of Twice.
var ErrAgain = errors.New("the function of the transaction runs again")

type twice struct{ ports.Store }

func (s twice) InTx(ctx context.Context, fn func(tx ports.Store) error) error {
	err := s.Store.InTx(ctx, func(tx ports.Store) error {
		_ = fn(tx) // the second run's answer counts
		return ErrAgain
	})
	if !errors.Is(err, ErrAgain) {
		return err
	}
	return s.Store.InTx(ctx, fn)
}
