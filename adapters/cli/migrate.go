package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newMigrate(c Commands, t Terminal) *cobra.Command {
	return group("migrate", "Change the schema of the database, or show its state",
		&cobra.Command{Use: "up", Short: "Bring the schema up to date", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				if err := c.MigrateUp(ctx); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "The schema is up to date.")
				return err
			})},
		newMigrateDown(c, t),
		&cobra.Command{Use: "status", Short: "List the steps of the schema", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				state, err := c.MigrationStatus(ctx)
				if err != nil {
					return err
				}
				return printMigrations(cmd, state)
			})},
	)
}

func newMigrateDown(c Commands, t Terminal) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "down", Short: "Take the newest step back, with the data it made room for", Args: cobra.NoArgs,
		Long: "Take the newest step back, with the data it made room for. The command says which step that is and what would be\n" +
			"lost, and asks. Where there is no terminal to ask, it needs --yes.",
		RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
			state, err := c.MigrationStatus(ctx)
			if err != nil {
				return err
			}
			step, ok := state.newest()
			if !ok {
				return errors.New("there is no step to take back")
			}
			losses := "This deletes, with all data in them:"
			if len(step.Removes) == 0 {
				losses = "This deletes no data."
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s would be taken back. %s\n", state.Database, step.Name, losses)
			for _, thing := range step.Removes {
				fmt.Fprintln(cmd.OutOrStdout(), "  "+thing)
			}
			if err := confirm(t, yes); err != nil {
				return err
			}
			if err := c.MigrateDown(ctx, step.Version); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s was taken back.\n", step.Name)
			return err
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// newest is the step that was applied last.
func (m Migrations) newest() (Migration, bool) {
	for i := len(m.Steps) - 1; i >= 0; i-- {
		if step := m.Steps[i]; !step.Pending && step.Version > 0 {
			return step, true
		}
	}
	return Migration{}, false
}

// confirm returns nil when the operator has said yes, before or now.
func confirm(t Terminal, yes bool) error {
	if yes {
		return nil
	}
	in, ok := t.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return errors.New("there is no terminal to ask: nothing was changed; use --yes")
	}
	fmt.Fprint(t.Err, "Type yes to go on: ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

func printMigrations(cmd *cobra.Command, state Migrations) error {
	fmt.Fprintln(cmd.OutOrStdout(), state.Database)
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, step := range state.Steps {
		state := "applied"
		switch {
		case step.Pending:
			state = "pending"
		case !step.AppliedAt.IsZero():
			state += " " + step.AppliedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "  %s\t%s\n", step.Name, state)
	}
	return table.Flush()
}
