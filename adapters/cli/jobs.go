package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// Job is a piece of work that is done later, such as a mail.
type Job struct {
	ID        int64     `json:"id"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	NextAt    time.Time `json:"next_at,omitzero"` // of a job that is retrying
	Attempts  int       `json:"attempts"`
	Error     string    `json:"error,omitempty"` // of the last try
}

func newJobs(c Commands) *cobra.Command {
	return group("jobs", "Look at mails and other work that is done later", newJobsList(c), newJobsRetry(c))
}

func newJobsList(c Commands) *cobra.Command {
	var asJSON bool
	state := "dead"
	cmd := &cobra.Command{Use: "list", Short: "List jobs of a state, the oldest first", Args: cobra.NoArgs,
		Long: "List jobs of a state, the oldest first. A dead one was rejected by the mail server for good, or has failed for a\n" +
			"day; it is kept for a week."}
	cmd.RunE = run(func(ctx context.Context, cmd *cobra.Command) error {
		if asJSON {
			lines := json.NewEncoder(cmd.OutOrStdout())
			return c.ListJobs(ctx, state, func(j Job) error { return lines.Encode(j) })
		}
		return printJobs(cmd.OutOrStdout(), func(each func(Job) error) error { return c.ListJobs(ctx, state, each) })
	})
	cmd.Flags().Var(oneOf(&state, c.JobStates...), "state", "the `STATE`: "+strings.Join(c.JobStates, ", "))
	jsonFlag(cmd, &asJSON)
	return cmd
}

func printJobs(out io.Writer, list func(each func(Job) error) error) error {
	table, n := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), 0
	err := list(func(j Job) error {
		if n++; n == 1 {
			fmt.Fprintln(table, "ID\tKIND\tCREATED\tATTEMPTS\tERROR")
		}
		_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%d\t%s\n", j.ID, j.Kind, j.CreatedAt.Format(time.RFC3339), j.Attempts, plain.Replace(j.Error))
		return err
	})
	if err == nil && n == 0 {
		_, err = fmt.Fprintln(out, "There are none.")
	}
	return errors.Join(err, table.Flush())
}

func newJobsRetry(c Commands) *cobra.Command {
	var all bool
	cmd := &cobra.Command{Use: "retry ID | --all", Short: "Run a dead or waiting job now, or all dead ones", Args: cobra.MaximumNArgs(1)}
	var id int64
	retry := run(func(ctx context.Context, cmd *cobra.Command) error {
		n := 1
		var err error
		if all {
			n, err = c.RetryDeadJobs(ctx)
		} else {
			err = c.RetryJob(ctx, id)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d will be run now.\n", n)
		return err
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if all == (len(args) == 1) {
			return errors.New("either an ID or --all is needed")
		}
		if !all {
			var err error
			if id, err = strconv.ParseInt(args[0], 10, 64); err != nil || id <= 0 {
				return fmt.Errorf("%q is not the ID of a job", args[0])
			}
		}
		return retry(cmd, args)
	}
	cmd.Flags().BoolVar(&all, "all", false, "all dead jobs")
	return cmd
}
