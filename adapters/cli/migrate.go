package cli

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func newMigrate(c Commands) *cobra.Command {
	return group("migrate", "Change the schema of the database, or show its state",
		&cobra.Command{Use: "up", Short: "Bring the schema up to date", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				if err := c.MigrateUp(ctx); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "The schema is up to date.")
				return err
			})},
		&cobra.Command{Use: "down", Short: "Take the newest step back, with the data it made room for", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				if err := c.MigrateDown(ctx); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "The newest step was taken back.")
				return err
			})},
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
