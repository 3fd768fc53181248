package riverjobs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"coffeeshop/adapters/riverjobs"
	"coffeeshop/ports"
)

func (e engine) table(t *testing.T) *riverjobs.Table {
	t.Helper()
	table, err := riverjobs.NewTable(e.pool, e.db)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (e engine) listed(t *testing.T, state riverjobs.State) (all []riverjobs.Job) {
	t.Helper()
	if err := e.table(t).List(t.Context(), state, func(j riverjobs.Job) error { all = append(all, j); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// eventually waits for what the worker is going to do.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestWorker_ARejectedMailIsDeadAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work, bad, good := newRecorder(), uuid.New(), uuid.New()
		work.deliver = func(_ context.Context, id uuid.UUID) error {
			if id == bad {
				return fmt.Errorf("hand over: %w: refused: 550", ports.ErrRejected)
			}
			return nil
		}
		e.start(t, work, zap.NewNop())
		e.sendChallenge(t, bad)
		e.sendChallenge(t, good)
		eventually(t, "one is dead and one is done", func() bool {
			return len(e.listed(t, riverjobs.Dead)) == 1 && len(e.listed(t, riverjobs.Done)) >= 1
		})
		dead := e.listed(t, riverjobs.Dead)[0]
		if dead.Kind != "send_challenge" || dead.State != riverjobs.Dead || dead.Attempts != 1 || !strings.Contains(dead.Error, "550") || time.Since(dead.CreatedAt) > time.Minute {
			t.Errorf("listed %+v", dead)
		}
		if backlog, err := e.table(t).Backlog(t.Context()); err != nil || backlog.OldestMail != 0 {
			t.Errorf("backlog %+v, %v", backlog, err)
		}
	})
}

// Prometheus refuses all metrics when one is there twice. An alert on a metric that is missing never rings.
func TestTable_CountsEachClassOfJobsOnceAlsoThoseOfNone(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		const dead = "UPDATE river_job SET finalized_at = created_at, state = "
		e.sendChallenge(t, uuid.New())
		e.exec(t, dead+"'discarded'")
		e.sendChallenge(t, uuid.New())
		e.exec(t, dead+"'cancelled' WHERE state = 'available'")
		e.sendChallenge(t, uuid.New())
		e.exec(t, "UPDATE river_job SET state = 'scheduled' WHERE state = 'available'")
		for range 2 {
			e.sendChallenge(t, uuid.New())
		}
		backlog, err := e.table(t).Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[riverjobs.Class]int{
			{Kind: "send_challenge", State: riverjobs.Waiting}: 3, {Kind: "send_challenge", State: riverjobs.Running}: 0, {Kind: "send_challenge", State: riverjobs.Retrying}: 0, {Kind: "send_challenge", State: riverjobs.Dead}: 2,
			{Kind: "send_notice", State: riverjobs.Waiting}: 0, {Kind: "send_notice", State: riverjobs.Running}: 0, {Kind: "send_notice", State: riverjobs.Retrying}: 0, {Kind: "send_notice", State: riverjobs.Dead}: 0,
			{Kind: "purge", State: riverjobs.Waiting}: 0, {Kind: "purge", State: riverjobs.Running}: 0, {Kind: "purge", State: riverjobs.Retrying}: 0, {Kind: "purge", State: riverjobs.Dead}: 0,
		}
		if !maps.Equal(backlog.Counts, want) {
			t.Errorf("counted %v, want %v", backlog.Counts, want)
		}
	})
}

func TestTable_HasDeadJobsRunAgain(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		work, table := newRecorder(), e.table(t)
		rejecting := true
		work.deliver = func(context.Context, uuid.UUID) error {
			if rejecting {
				return ports.ErrRejected
			}
			return nil
		}
		worker := e.start(t, work, zap.NewNop())
		for range 3 {
			e.sendChallenge(t, uuid.New())
		}
		eventually(t, "all are dead", func() bool { return len(e.listed(t, riverjobs.Dead)) == 3 })
		if err := worker.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := e.listed(t, riverjobs.Dead)[0].ID
		if err := table.Retry(t.Context(), first); err != nil {
			t.Error(err)
		}
		if err := table.Retry(t.Context(), first); !errors.Is(err, riverjobs.ErrNoSuchJob) {
			t.Errorf("one that waits: %v", err)
		}
		if err := table.Retry(t.Context(), 1<<40); !errors.Is(err, riverjobs.ErrNoSuchJob) {
			t.Errorf("one that is not there: %v", err)
		}
		backlog, err := table.Backlog(t.Context())
		if err != nil || backlog.OldestMail <= 0 || backlog.OldestMail > time.Minute {
			t.Errorf("backlog %+v, %v", backlog, err)
		}
		if n, err := table.RetryDead(t.Context()); n != 2 || err != nil {
			t.Errorf("%d are run again, %v", n, err)
		}
		rejecting = false
		e.start(t, work, zap.NewNop())
		eventually(t, "all are done", func() bool {
			done := 0
			for _, j := range e.listed(t, riverjobs.Done) {
				if j.Kind == "send_challenge" {
					done++
				}
			}
			return done == 3
		})
	})
}

// The jobs of a process that dies stay in the state running. Any other process takes them up, also one that does not lead.
func TestWorker_TakesUpTheJobsOfADeadProcessWithinAMinute(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		id := uuid.New()
		e.sendChallenge(t, id)
		e.exec(t, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = created_at") // taken a moment ago, by nobody
		fresh := newRecorder()
		worker := e.start(t, fresh, zap.NewNop())
		select {
		case <-fresh.challenges:
			t.Fatal("it was taken from a process that may live")
		case <-time.After(6 * time.Second): // a look of the rescuer
		}
		if err := worker.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		work := newRecorder()
		e.startAt(t, work, zap.NewNop(), func() time.Time { return time.Now().Add(30 * time.Second) })
		if got := receive(t, work.challenges); got != id {
			t.Errorf("took up %v, want %v", got, id)
		}
	})
}

func TestTable_OfRacingRetriesOfOneJobOneHasItRun(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, e engine) {
		e.sendChallenge(t, uuid.New())
		e.exec(t, "UPDATE river_job SET state = 'discarded', attempt = max_attempts, finalized_at = created_at")
		dead := e.listed(t, riverjobs.Dead)
		if len(dead) != 1 {
			t.Fatalf("dead are %v", dead)
		}
		table, results := e.table(t), make(chan error)
		for range 16 {
			go func() { results <- table.Retry(t.Context(), dead[0].ID) }()
		}
		won := 0
		for range 16 {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, riverjobs.ErrNoSuchJob):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d had it run", won)
		}
		work := newRecorder()
		e.start(t, work, zap.NewNop())
		receive(t, work.challenges)
	})
}
