package bootstrap

import (
	"context"
	"io"
	"runtime/debug"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// surroundings are what a process finds around it, apart from its configuration.
type surroundings struct {
	out, err io.Writer
	now      func() time.Time
}

// newLog makes the log, on the error output: JSON in production, lines for people otherwise.
func newLog(cfg Config, env surroundings) *zap.Logger {
	level := zapcore.InfoLevel
	if cfg.Debug {
		level = zapcore.DebugLevel
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.TimeKey, encoding.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	encoding.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(encoding)
	if !cfg.Production() {
		encoding.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoding.EncodeLevel = zapcore.CapitalLevelEncoder
		encoding.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(encoding)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(env.err)), level))
}

// version is what was built: the module's version, or the revision of the source.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return describe(info)
}

func describe(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	text := info.Main.Version
	if text == "" || text == "(devel)" {
		text = "devel"
	}
	if revision := settings["vcs.revision"]; len(revision) >= 12 && text == "devel" {
		text += " " + revision[:12]
		if settings["vcs.modified"] == "true" {
			text += " (modified)"
		}
	}
	return text
}

// start starts the graph. Migrations may take long, so nothing but ctx bounds it.
func start(ctx context.Context, app *fx.App) error {
	if err := app.Err(); err != nil {
		return dig.RootCause(err) // without the path through the graph
	}
	return app.Start(ctx)
}

// stop stops what start started.
func stop(app *fx.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return app.Stop(ctx)
}
