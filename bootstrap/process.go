package bootstrap

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"

	"coffeeshop/bootstrap/config"
)

// process is the process beside its configuration.
type process struct {
	out, err io.Writer
	now      func() time.Time
	warnings []string // of names of variables that look like mistakes
}

// untilSignal returns a context that ends at the first SIGINT or SIGTERM. The second one ends the process at once.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// start starts the graph. Migrations may take long, so nothing but ctx bounds it.
func start(ctx context.Context, app *fx.App) error {
	if err := app.Err(); err != nil {
		return dig.RootCause(err) // without the path through the graph
	}
	return app.Start(ctx)
}

// closeTime is granted to what closes after the last request and the last job, such as the database.
const closeTime = 12 * time.Second

// stop stops the graph.
func stop(cfg config.Config, app *fx.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(cfg.ShutdownDelay+cfg.ShutdownTime)*time.Second+closeTime)
	defer cancel()
	return app.Stop(ctx)
}

// finishing bounds the work that is finished at a stop: requests first, and jobs in the time that they leave.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	end, _ := ctx.Deadline()
	return context.WithDeadline(ctx, end.Add(-closeTime))
}
