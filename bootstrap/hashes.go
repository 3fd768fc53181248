package bootstrap

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"coffeeshop/adapters/bcrypthash"
)

// warnOfDearHashes tells when there are accounts whose hashes have a cost above the configured one: imported ones,
// or from before the cost was lowered. Found reports whether a stored hash begins with one of the prefixes.
func warnOfDearHashes(ctx context.Context, cost int, found func(ctx context.Context, prefixes []string) (bool, error), log *zap.Logger) error {
	some, err := found(ctx, bcrypthash.DearerThan(cost))
	if err != nil {
		return fmt.Errorf("look for hashes of a higher cost: %w", err)
	}
	if some {
		log.Warn("there are password hashes of a cost above BCRYPT_COST: a wrong password for such an account takes longer than "+
			"for an unknown address, and so tells that the account exists", zap.Int("BCRYPT_COST", cost))
	}
	return nil
}
