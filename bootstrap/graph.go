package bootstrap

import (
	"context"
	"errors"
	"time"

	"go.uber.org/fx"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/commonpasswords"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/bootstrap/config"
	"coffeeshop/ports"
)

// graph is the whole service: each line makes one thing, out of what the other lines make. fx makes only what a
// command asks for. To swap an adapter, change its line.
func graph(cfg config.Config, proc process) fx.Option {
	return fx.Options(
		fx.Supply(cfg, proc),
		fx.NopLogger, // what fx would report comes back as an error
		fx.Provide(
			newLog,
			newKeys,

			fx.Annotate(riverjobs.NewQueue, fx.As(new(bunstore.JobQueue))),
			newDatabase,
			newSchema,
			func(db *bunstore.DB) ports.Store { return db },
			fx.Annotate(newHasher, fx.As(new(ports.Hasher))),
			fx.Annotate(newTokens, fx.As(fx.Self()), fx.As(new(ports.Tokens))),
			func() ports.CommonPasswords { return commonpasswords.Passwords{} },
			newMail,

			newApp,
			newWork,
			newAPI,
			newServer,
			newProfiler,
		),
	)
}

// The commands, by what they ask of the graph. Hooks start in the order in which things are made, and stop in
// the opposite one: no more requests, then no more jobs, then the queue of hashes, then the database.
var (
	serving   = fx.Invoke(migrateAtStart, func(*profiler) {}, func(*work) {}, func(*server) {})
	migrating = fx.Invoke(func(*schema) {})
	managing  = fx.Invoke(migrateFirst)
)

// How long a stop may take, below the 30 s that orchestrators commonly grant.
const (
	stopTime    = 25 * time.Second
	requestTime = 12 * time.Second // to finish requests: they have 10 s each
	jobTime     = 5 * time.Second  // to finish jobs; what is cancelled is taken up again after the next start
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
	defer func() { err = errors.Join(err, stop(app)) }()
	return fn(ctx)
}
