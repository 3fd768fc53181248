package application

import (
	"context"

	"coffeeshop/ports"
)

// verdict runs fn in a transaction. What fn returns as its first error is a verdict, to be told after the
// commit; its second one rolls back.
func (a *App) verdict(ctx context.Context, fn func(tx ports.Store) (verdict, failure error)) error {
	var verdict error
	err := a.store.InTx(ctx, func(tx ports.Store) (err error) {
		verdict, err = fn(tx)
		return err
	})
	if err != nil {
		return err
	}
	return verdict
}
