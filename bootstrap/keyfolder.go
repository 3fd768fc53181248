package bootstrap

import (
	"errors"
	"slices"
	"time"

	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/bootstrap/config"
)

// keyFolder is the folder of asymmetric keys. The commands that manage it need no other part of the service.
type keyFolder struct {
	dir        string
	accessLife time.Duration
}

// keyFolderOf takes the folder out of a configuration that was read. config.Errors of variables that do not concern it
// do not matter: keys can be made before, and where, nothing else is configured.
func keyFolderOf(cfg config.Config, err error) (keyFolder, error) {
	var errs config.Errors
	if errors.As(err, &errs) {
		errs = slices.DeleteFunc(slices.Clone(errs), func(e config.Error) bool { return e.Name != "ACCESS_TOKEN_EXPIRE_MINUTES" })
	} else if err != nil {
		return keyFolder{}, err
	}
	if cfg.JWTKeysDir == "" {
		errs = append(errs, config.Error{Name: "JWT_KEYS_DIR", Wrong: "is missing, so that access tokens are signed with SECRET_KEY", Allowed: "the path of a folder for keys"})
	}
	if len(errs) > 0 {
		return keyFolder{}, errs
	}
	return keyFolder{cfg.JWTKeysDir, cfg.Settings().Lifetimes.Access}, nil
}

func (f keyFolder) list(now time.Time) ([]cli.Key, error) {
	infos, err := jwttoken.ListKeys(f.dir, f.accessLife, now)
	list := make([]cli.Key, len(infos))
	for i, k := range infos {
		list[i] = cli.Key(k)
	}
	return list, err
}
