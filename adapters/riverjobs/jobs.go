package riverjobs

import (
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Arguments can be read in the database: they carry ids only.
type (
	sendChallenge struct {
		ID uuid.UUID `json:"id"`
	}
	sendNotice struct {
		ID uuid.UUID `json:"id"`
	}
)

func (sendChallenge) Kind() string { return "send_challenge" }
func (sendNotice) Kind() string    { return "send_notice" }

func (sendChallenge) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: attempts} }
func (sendNotice) InsertOpts() river.InsertOpts    { return river.InsertOpts{MaxAttempts: attempts} }

// backOff begins with seconds, for a mail server that is away for seconds. Its last step repeats.
// All tries together take about a day, which is as long as a challenge waits for its mail.
var backOff = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour,
}

const attempts = 32

type retryPolicy struct{ now func() time.Time }

// NextRetry adds up to a fifth at random, so that mails that failed together are not retried together.
func (p retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := backOff[min(max(job.Attempt, 1), len(backOff))-1]
	return p.now().Add(wait + rand.N(wait/5)) //nolint:gosec // nothing hangs on guessing it
}
