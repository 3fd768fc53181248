package riverjobs

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"coffeeshop/ports"
)

func TestRetryPolicy_ComesBackWithinSecondsAndGivesUpAfterAboutADay(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	policy := retryPolicy{func() time.Time { return now }}
	for attempt := 1; attempt < attempts; attempt++ {
		next := policy.NextRetry(&rivertype.JobRow{Attempt: attempt})
		if wait := next.Sub(now); attempt == 1 && (wait < time.Second || wait > 2*time.Second) {
			t.Errorf("the first wait is %v", wait)
		}
		now = next
	}
	if total := now.Sub(start); total < 22*time.Hour || total > 30*time.Hour {
		t.Errorf("given up after %v", total)
	}
}

func TestErrorLog_ARejectedMailIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	job := &rivertype.JobRow{ID: 7, Kind: "send_challenge", Attempt: 1, MaxAttempts: attempts, EncodedArgs: []byte(`{"id":"x"}`)}
	errorLog{zap.New(core)}.HandleError(context.Background(), job, Config{Ran: func(string, string) {}}.verdict("send_challenge", ports.ErrRejected))
	if got := logs.All(); len(got) != 1 || got[0].Level != zap.ErrorLevel {
		t.Errorf("logged %v", got)
	}
}

func TestErrorLog_TheLastAttemptIsAnError(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	job := &rivertype.JobRow{ID: 7, Kind: "send_challenge", Attempt: attempts, MaxAttempts: attempts, EncodedArgs: []byte(`{"id":"x"}`)}
	errorLog{zap.New(core)}.HandleError(context.Background(), job, errors.New("refused"))
	if got := logs.All(); len(got) != 1 || got[0].Level != zap.ErrorLevel || got[0].ContextMap()["error"] != "refused" {
		t.Errorf("logged %v", got)
	}
}
