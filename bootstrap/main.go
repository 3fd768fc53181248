// Package bootstrap puts the service together: it reads the configuration, makes every part, and runs the
// commands. Nothing else knows fx.
package bootstrap

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"go.uber.org/fx"

	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/application"
	"coffeeshop/domain"
)

// Main runs the command of the arguments and returns the exit code. A first SIGINT or SIGTERM ends it in order,
// a second one at once.
func Main(args []string) int {
	collectLess()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	env := surroundings{out: os.Stdout, err: os.Stderr, now: time.Now}
	return cli.Run(ctx, args, commands(env, Environ), cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// garbage is how much the heap grows, in percent, before it is collected: what lives is a few MiB, so that Go's
// own choice, 100, collects many times a second. Measured on GET /users/me by bench -env GOGC=100 and 400 in turn:
// 30 % less CPU on SQLite, 4 to 16 % on PostgreSQL, for some 20 MiB more under load.
const garbage = 400

// collectLess has the collector run less often, unless the operator says how often.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

// commands binds the terminal to the graph. The configuration is read by the commands that need it: the others
// work without.
func commands(env surroundings, environ func() (map[string]string, error)) cli.Commands {
	configured := func() (Config, error) {
		given, err := environ()
		if err != nil {
			return Config{}, err
		}
		return LoadConfig(given)
	}
	// with runs fn on the parts that the options ask for.
	with := func(ctx context.Context, fn func(ctx context.Context) error, options ...fx.Option) error {
		cfg, err := configured()
		if err != nil {
			return err
		}
		return run(ctx, cfg, env, fn, options...)
	}
	migrate := func(do func(s *schema, ctx context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			var s *schema
			return with(ctx, func(ctx context.Context) error { return do(s, ctx) }, migrating, fx.Populate(&s))
		}
	}
	manage := func(ctx context.Context, do func(app *application.App) (domain.User, error)) (u domain.User, err error) {
		var app *application.App
		err = with(ctx, func(context.Context) error {
			u, err = do(app)
			return err
		}, managing, fx.Populate(&app))
		return u, err
	}
	return cli.Commands{
		Version: version(),
		Serve: func(ctx context.Context) error {
			cfg, err := configured()
			if err != nil {
				return err
			}
			return serve(ctx, cfg, env)
		},
		Health: func(ctx context.Context) error {
			cfg, err := configured()
			var faults Faults
			if err != nil && !errors.As(err, &faults) { // with faults of other variables the address is known still
				return err
			}
			return health(ctx, cfg.HTTPAddr)
		},
		MigrateUp:   migrate((*schema).up),
		MigrateDown: migrate((*schema).down),
		MigrationStatus: func(ctx context.Context) (state cli.Migrations, err error) {
			err = migrate(func(s *schema, ctx context.Context) (err error) {
				state, err = s.status(ctx)
				return err
			})(ctx)
			return state, err
		},
		CreateAdmin: func(ctx context.Context, email string, password domain.Secret) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) {
				return app.CreateAdmin(ctx, email, password.Reveal())
			})
		},
		PromoteAdmin: func(ctx context.Context, email string) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) { return app.PromoteAdmin(ctx, email) })
		},
		KeyAlgorithms: jwttoken.Algorithms,
		GenerateKey: func(_ context.Context, algorithm string) (string, error) {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return "", err
			}
			return folder.generate(algorithm, env.now())
		},
		ListKeys: func(context.Context) ([]cli.Key, error) {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return nil, err
			}
			return folder.list(env.now())
		},
		RetireKey: func(_ context.Context, kid string) error {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return err
			}
			return folder.retire(kid, env.now())
		},
		OpenAPI: openAPI,
	}
}
