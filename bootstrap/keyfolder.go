package bootstrap

import (
	"errors"
	"slices"
	"time"

	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/jwttoken"
)

// keyFolder is the folder of asymmetric keys. The commands that manage it need no other part of the service.
type keyFolder struct {
	dir        string
	accessLife time.Duration
}

// keyFolderOf takes the folder out of a configuration that was read. Faults of variables that do not concern it
// do not matter: keys can be made before, and where, nothing else is configured.
func keyFolderOf(cfg Config, err error) (keyFolder, error) {
	var faults Faults
	if errors.As(err, &faults) {
		faults = slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return f.Name != "ACCESS_TOKEN_EXPIRE_MINUTES" })
	} else if err != nil {
		return keyFolder{}, err
	}
	if cfg.JWTKeysDir == "" {
		faults = append(faults, Fault{"JWT_KEYS_DIR", "is missing, so that access tokens are signed with SECRET_KEY", "the path of a folder for keys"})
	}
	if len(faults) > 0 {
		return keyFolder{}, faults
	}
	return keyFolder{cfg.JWTKeysDir, cfg.Settings().Lifetimes.Access}, nil
}

func (f keyFolder) generate(algorithm string, now time.Time) (string, error) {
	return jwttoken.GenerateKey(f.dir, algorithm, now)
}

func (f keyFolder) retire(kid string, now time.Time) error {
	return jwttoken.RetireKey(f.dir, kid, now)
}

func (f keyFolder) list(now time.Time) ([]cli.Key, error) {
	infos, err := jwttoken.ListKeys(f.dir, f.accessLife, now)
	if err != nil {
		return nil, err
	}
	list := make([]cli.Key, len(infos))
	for i, k := range infos {
		list[i] = cli.Key{
			KID: k.KID, Algorithm: k.Algorithm, CreatedAt: k.CreatedAt, EndsAt: k.EndsAt, Signs: k.Signs, Fault: k.Fault,
			Ended: !k.EndsAt.IsZero() && !now.Before(k.EndsAt),
		}
	}
	return list, nil
}
