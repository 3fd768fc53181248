package bootstrap

import (
	"context"
	"errors"

	"go.uber.org/fx"

	"coffeeshop/adapters/commonpasswords"
	"coffeeshop/bootstrap/config"
	"coffeeshop/ports"
)

// graph is the whole service: each line makes one thing, from the things of other lines. fx makes only the things that a
// command needs. To swap an adapter, change the function of its line.
func graph(cfg config.Config, proc process) fx.Option {
	return fx.Options(
		fx.Supply(cfg, proc),
		fx.NopLogger, // errors are returned
		fx.Provide(
			newLog,
			newKeys,

			newDatabase,
			newJobTable,
			newOutages,
			func(db *database) ports.Store { return db.DB },
			fx.Annotate(newHasher, fx.As(fx.Self()), fx.As(new(ports.Hasher))),
			fx.Annotate(newTokens, fx.As(fx.Self()), fx.As(new(ports.Tokens))),
			func() ports.CommonPasswords { return commonpasswords.Passwords{} },
			newMail,

			newApp,
			newTransfer,
			newWork,
			newAPI,
			newServer,
			newMetrics,
			newOperators,
		),
	)
}

// The parts of the graph that commands need. Hooks start in the order in which things are made, and stop in the opposite
// one: no more requests, then no more jobs, then the queue of hashes, then the database.
var (
	serving   = fx.Invoke(migrateAtStart, measure, func(*operators) {}, func(*work) {}, func(*server) {})
	migrating = fx.Invoke(func(*database) {})
	managing  = fx.Invoke(migrateFirst)
)

func newGraph(cfg config.Config, proc process, options ...fx.Option) *fx.App {
	return fx.New(graph(cfg, proc), fx.Options(options...))
}

// run starts the graph, does fn, and stops it.
func run(ctx context.Context, cfg config.Config, proc process, fn func(ctx context.Context) error, options ...fx.Option) (err error) {
	app := newGraph(cfg, proc, options...)
	if err := start(ctx, app); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(cfg, app)) }()
	return fn(ctx)
}
