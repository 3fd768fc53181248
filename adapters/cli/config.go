package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Setting is a variable of the configuration.
type Setting struct {
	Name    string
	Value   string // without secrets; empty: none
	Default string // empty: none
	Meaning string // sentences
}

func newConfig(c Commands) *cobra.Command {
	return &cobra.Command{Use: "config", Short: "Print every variable with its value, default and meaning", Args: cobra.NoArgs,
		Long: "Print every variable with its value, default and meaning, and warnings about names that look like mistakes.\n" +
			"Secrets are not shown. The exit code is 1 if a value is wrong.",
		RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
			settings, warnings, err := c.Config(ctx)
			return errors.Join(err, printSettings(cmd.OutOrStdout(), settings, warnings))
		})}
}

func printSettings(out io.Writer, settings []Setting, warnings []string) error {
	for _, s := range settings {
		standard := "Default: " + cmp.Or(s.Default, "none") + ". "
		if strings.Contains(s.Meaning, "Default: ") { // it depends on others, or on the machine
			standard = ""
		}
		if _, err := fmt.Fprintf(out, "%s=%s\n    %s%s\n", s.Name, s.Value, standard, s.Meaning); err != nil {
			return err
		}
	}
	for _, warning := range warnings {
		if _, err := fmt.Fprintln(out, "Warning: "+warning); err != nil {
			return err
		}
	}
	return nil
}
