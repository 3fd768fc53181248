package riverjobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// State is what becomes of a job, in the words of operators.
type State string

// The states.
const (
	Waiting  State = "waiting"
	Running  State = "running"
	Retrying State = "retrying" // it failed, and waits for its next try
	Done     State = "done"
	Dead     State = "dead" // rejected, or failed for a day: only an operator has it run again
)

// States are all of them.
var States = []State{Waiting, Running, Retrying, Done, Dead}

var statesOfRiver = map[State][]rivertype.JobState{
	Waiting:  {rivertype.JobStateAvailable, rivertype.JobStateScheduled, rivertype.JobStatePending},
	Running:  {rivertype.JobStateRunning},
	Retrying: {rivertype.JobStateRetryable},
	Done:     {rivertype.JobStateCompleted},
	Dead:     {rivertype.JobStateCancelled, rivertype.JobStateDiscarded},
}

func stateOf(of rivertype.JobState) State {
	for state, all := range statesOfRiver {
		if slices.Contains(all, of) {
			return state
		}
	}
	return State(of)
}

// Job is a row of the table. Its error tells no secret.
type Job struct {
	ID        int64
	Kind      string
	State     State
	CreatedAt time.Time
	NextAt    time.Time // of a job that is retrying
	Attempts  int
	Error     string // of the last try; empty: none
}

// Table is the table of jobs, for operators.
type Table struct {
	pool   *pgxpool.Pool
	sqlite *sql.DB
	client tableClient
}

type tableClient interface {
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
}

// NewTable returns the table of a database: exactly one of pool and db is given.
func NewTable(pool *pgxpool.Pool, db *sql.DB) (*Table, error) {
	config := &river.Config{Logger: slog.New(slog.DiscardHandler)}
	t := &Table{pool: pool, sqlite: db}
	var err error
	if pool != nil {
		t.client, err = river.NewClient(riverpgxv5.New(pool), config)
	} else {
		t.client, err = river.NewClient(riversqlite.New(db), config)
	}
	if err != nil {
		return nil, fmt.Errorf("set up the table of jobs: %w", err)
	}
	return t, nil
}

// listPage is how many jobs are read at once.
const listPage = 500

// List hands the jobs of a state to each, the oldest first.
func (t *Table) List(ctx context.Context, state State, each func(Job) error) error {
	params := river.NewJobListParams().States(statesOfRiver[state]...).OrderBy(river.JobListOrderByID, river.SortOrderAsc).First(listPage)
	for {
		page, err := t.client.JobList(ctx, params)
		if err != nil {
			return fmt.Errorf("list jobs: %w", err)
		}
		for _, row := range page.Jobs {
			job := Job{ID: row.ID, Kind: row.Kind, State: stateOf(row.State), CreatedAt: row.CreatedAt, Attempts: row.Attempt}
			if job.State == Retrying {
				job.NextAt = row.ScheduledAt
			}
			if n := len(row.Errors); n > 0 {
				job.Error = row.Errors[n-1].Error
			}
			if err := each(job); err != nil {
				return err
			}
		}
		if len(page.Jobs) < listPage {
			return nil
		}
		params = params.After(page.LastCursor)
	}
}

// ErrNoSuchJob says that no job that is dead or retrying has the id.
var ErrNoSuchJob = errors.New("there is no job with this id that is dead or waits for another try")

const (
	retry         = "UPDATE river_job SET state = 'available', finalized_at = NULL, max_attempts = max_attempts + (attempt / max_attempts), scheduled_at = "
	retryPostgres = retry + "now() WHERE "
	retrySQLite   = retry + "datetime('now', 'subsec') WHERE "
)

// Retry has a dead job, or one that waits for its next try, run now.
func (t *Table) Retry(ctx context.Context, id int64) error {
	n, err := t.retry(ctx, "state IN ('cancelled', 'discarded', 'retryable') AND id = "+strconv.FormatInt(id, 10))
	if err == nil && n == 0 {
		return ErrNoSuchJob
	}
	return err
}

// RetryDead has all dead jobs run now, and returns how many there were.
func (t *Table) RetryDead(ctx context.Context) (int, error) {
	return t.retry(ctx, "state IN ('cancelled', 'discarded')")
}

func (t *Table) retry(ctx context.Context, which string) (int, error) {
	if t.pool != nil {
		tag, err := t.pool.Exec(ctx, retryPostgres+which)
		if err != nil {
			return 0, fmt.Errorf("retry jobs: %w", err)
		}
		return int(tag.RowsAffected()), nil
	}
	res, err := t.sqlite.ExecContext(ctx, retrySQLite+which)
	if err != nil {
		return 0, fmt.Errorf("retry jobs: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// Failing reports whether a job has failed and waits for another try. It reads one row.
func (t *Table) Failing(ctx context.Context) (failing bool, err error) {
	err = t.rows(ctx, "SELECT EXISTS (SELECT 1 FROM river_job WHERE state = 'retryable')", func(scan func(...any) error) error { return scan(&failing) })
	if err != nil {
		return false, fmt.Errorf("look for failed jobs: %w", err)
	}
	return failing, nil
}

// Class is a kind of jobs in a state.
type Class struct {
	Kind  string
	State State
}

// Backlog are the jobs that are not done.
type Backlog struct {
	Counts     map[Class]int // also of those of which there are none
	OldestMail time.Duration // the age of the oldest mail that waits; zero: none waits
}

const backlogQuery = `SELECT kind, CAST(state AS text), count(*) FROM river_job WHERE state <> 'completed' GROUP BY kind, state`

const (
	oldestInPostgres = `SELECT coalesce(max(extract(epoch FROM now() - created_at))::float8, 0) FROM river_job
		WHERE state IN ('available', 'retryable', 'running', 'scheduled') AND kind IN ($1, $2)`
	oldestInSQLite = `SELECT coalesce(max((julianday('now') - julianday(created_at)) * 86400.0), 0.0) FROM river_job
		WHERE state IN ('available', 'retryable', 'running', 'scheduled') AND kind IN (?, ?)`
)

// Backlog reads all jobs that are not done.
func (t *Table) Backlog(ctx context.Context) (b Backlog, err error) {
	b.Counts = map[Class]int{}
	for _, kind := range []string{sendChallenge{}.Kind(), sendNotice{}.Kind(), purge{}.Kind()} {
		for _, state := range []State{Waiting, Running, Retrying, Dead} {
			b.Counts[Class{kind, state}] = 0
		}
	}
	if err := t.rows(ctx, backlogQuery, func(scan func(...any) error) error {
		var kind, state string
		var n int
		err := scan(&kind, &state, &n)
		b.Counts[Class{kind, stateOf(rivertype.JobState(state))}] += n // River has several states for one of ours
		return err
	}); err != nil {
		return b, fmt.Errorf("count jobs: %w", err)
	}
	oldest := oldestInSQLite
	if t.pool != nil {
		oldest = oldestInPostgres
	}
	err = t.rows(ctx, oldest, func(scan func(...any) error) error {
		var seconds float64
		err := scan(&seconds)
		b.OldestMail = time.Duration(max(seconds, 0) * float64(time.Second))
		return err
	}, sendChallenge{}.Kind(), sendNotice{}.Kind())
	if err != nil {
		return b, fmt.Errorf("look for the oldest mail: %w", err)
	}
	return b, nil
}

func (t *Table) rows(ctx context.Context, query string, each func(scan func(...any) error) error, args ...any) error {
	if t.pool != nil {
		rows, err := t.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	rows, err := t.sqlite.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
