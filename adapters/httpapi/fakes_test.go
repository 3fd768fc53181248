package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"coffeeshop/domain"
)

type outbox struct {
	mu     sync.Mutex
	codes  []domain.Codes
	locale domain.Locale
}

func (o *outbox) SendChallenge(_ context.Context, c domain.Challenge, codes domain.Codes) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes, o.locale = append(o.codes, codes), c.Locale
	return nil
}

func (o *outbox) SendNotice(context.Context, domain.Notice) error { return nil }

func (o *outbox) code() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.codes[len(o.codes)-1].Digits.Reveal()
}

// logBuffer keeps the log as JSON lines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) logger() *zap.Logger {
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(l), zapcore.DebugLevel))
}

func (l *logBuffer) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines returns the log's lines of one request. The line is written before the answer is sent.
func (l *logBuffer) lines(t testing.TB, requestID string) (lines []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		must(t, json.Unmarshal([]byte(line), &fields))
		if fields["request_id"] == requestID {
			lines = append(lines, fields)
		}
	}
	return lines
}

var errDisk = errors.New("the disk is full")
