package bootstrap

import (
	"io"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"coffeeshop/bootstrap/config"
)

// logDelay is how long a line of the log may wait for others to be written with: a write for each request took 5 %
// of a GET /users/me.
const logDelay = 100 * time.Millisecond

// newLog makes the log, on the error output: JSON in production, lines for people otherwise. Warnings and errors
// are written at once, with all that came before them.
func newLog(lc fx.Lifecycle, cfg config.Config, proc process) *zap.Logger {
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
	// Only written: a terminal and a pipe cannot be synchronized.
	lines := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(struct{ io.Writer }{proc.err}), FlushInterval: logDelay}
	lc.Append(fx.StopHook(lines.Stop))
	return zap.New(zapcore.NewCore(encoder, lines, level), zap.Hooks(func(entry zapcore.Entry) error {
		if entry.Level >= zapcore.WarnLevel {
			return lines.Sync()
		}
		return nil
	}))
}
