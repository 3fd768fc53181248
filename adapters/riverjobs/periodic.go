package riverjobs

import (
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

const purgeEvery = 5 * time.Minute

// periodicJobs is the schedule. What a job does is a method of Work.
func periodicJobs() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(purgeEvery),
			func() (river.JobArgs, *river.InsertOpts) { return purge{}, nil }, &river.PeriodicJobOpts{RunOnStart: true}),
	}
}

type purge struct{}

func (purge) Kind() string { return "purge" }

// InsertOpts lets one purge wait or run at a time, however many processes ask for it. A failed one is not
// repeated: the next period does its work.
func (purge) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, Priority: 4, UniqueOpts: river.UniqueOpts{
		ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		},
	}}
}
