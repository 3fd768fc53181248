package riverjobs

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.uber.org/zap"
)

// errorLog logs failed attempts: the last one of a job as an error, since nobody comes back to it.
type errorLog struct{ log *zap.Logger }

func (l errorLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	l.write(ctx, job, zap.Error(err))
	return nil
}

func (l errorLog) HandlePanic(ctx context.Context, job *rivertype.JobRow, panicked any, trace string) *river.ErrorHandlerResult {
	l.write(ctx, job, zap.String("panic", fmt.Sprint(panicked)), zap.String("trace", trace))
	return nil
}

func (l errorLog) write(_ context.Context, job *rivertype.JobRow, fields ...zap.Field) {
	fields = append(fields, zap.String("kind", job.Kind), zap.Int64("job", job.ID), zap.ByteString("args", job.EncodedArgs),
		zap.Int("attempt", job.Attempt), zap.Int("of", job.MaxAttempts))
	if job.Attempt >= job.MaxAttempts {
		l.log.Error("job given up", fields...)
		return
	}
	l.log.Warn("job failed, will be tried again", fields...)
}
