package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

// UserImport asks for an import of users, from a file or another system.
type UserImport struct {
	File   string // "-": In
	In     io.Reader
	From   domain.Secret // the URL of another system's database; zero: IMPORT_FROM
	Schema string        // of the other system; empty: a file is read
	transfer.Options
}

func newUsersImport(c Commands, t Terminal) *cobra.Command {
	in := UserImport{In: t.In}
	var from, conflict string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import FILE | import --from URL --schema " + strings.Join(c.Schemas, "|"),
		Short: "Bring users in from a file or from another system",
		Long: "Bring users in from a file (JSON Lines or CSV; - is standard input) or from the database of another system.\n" +
			"Lines that cannot be taken are reported, and the others go in: the exit code is 0 all the same. Nobody gets a\n" +
			"mail. A run that was stopped is run again: what is there already stays. See docs/migrating.md.",
		Example: "  coffeeshop users import users.jsonl --dry-run\n" +
			"  IMPORT_FROM=postgres://… coffeeshop users import --schema supabase",
		Args: cobra.MaximumNArgs(1),
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (in.Schema != "") {
				return errors.New("import takes a file, or the --schema of another system: one of the two")
			}
			if len(args) == 1 {
				in.File = args[0]
			}
			in.From, in.Conflict = domain.NewSecret(from), transfer.Conflict(conflict)
			in.Report = func(b transfer.BadLine) { reportLine(cmd.OutOrStdout(), t.Err, b, asJSON) }
			p := newProgress(t, "lines")
			in.Progress = func(done transfer.Summary) { p.show(done.Lines) }
			done, err := c.ImportUsers(ctx, in)
			p.end()
			if err != nil && done.Lines == 0 {
				return err
			}
			return errors.Join(printSummary(cmd, done, in.DryRun, asJSON), stopped(err))
		}),
	}
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "say what would be done, and store nothing")
	conflict = string(transfer.ConflictSkip)
	cmd.Flags().Var(oneOf(&conflict, "skip", "update", "fail"), "on-conflict", "what becomes of a `KNOWN` user: skip, update (names, locale, custom fields) or fail")
	cmd.Flags().StringVar(&from, "from", "", "the `URL` of the other system's PostgreSQL; others on this machine can see it: IMPORT_FROM is better")
	cmd.Flags().Var(oneOf(&in.Schema, c.Schemas...), "schema", "the other `SYSTEM`: "+strings.Join(c.Schemas, " or "))
	jsonFlag(cmd, &asJSON)
	return cmd
}

// reportLine tells of a line that was not taken.
func reportLine(out, terminal io.Writer, b transfer.BadLine, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(out).Encode(struct {
			Line   int    `json:"line"`
			ID     string `json:"id,omitempty"`
			Reason string `json:"reason"`
		}{b.Line, b.ID, b.Reason})
		return
	}
	if b.ID != "" {
		fmt.Fprintf(terminal, "line %d, id %.60q: %s\n", b.Line, b.ID, b.Reason)
		return
	}
	fmt.Fprintf(terminal, "line %d: %s\n", b.Line, b.Reason)
}

// stopped says what a run is that the operator ended.
func stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped: what is counted above is done; run it again to go on")
	}
	return err
}

func printSummary(cmd *cobra.Command, done transfer.Summary, dry, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
			"lines": done.Lines, "added": done.Added, "updated": done.Updated, "skipped": done.Skipped, "bad": done.Bad, "dry_run": dry,
		})
	}
	if dry {
		fmt.Fprint(cmd.OutOrStdout(), "Nothing is stored. ")
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d lines: %d added, %d updated, %d skipped, %d bad.\n", done.Lines, done.Added, done.Updated, done.Skipped, done.Bad)
	return err
}

func newUsersExport(c Commands, t Terminal) *cobra.Command {
	var hashes bool
	cmd := &cobra.Command{
		Use: "export [FILE]", Short: "Write all users as JSON Lines, as import reads them", Args: cobra.MaximumNArgs(1),
		Long: "Write all users as JSON Lines, as import reads them, to a new file that only its owner reads, or to standard output.",
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) (err error) {
			out := cmd.OutOrStdout()
			if len(args) == 1 && args[0] != "-" {
				file, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, file.Close()) }()
				out = file
			}
			p := newProgress(t, "users")
			n, err := c.ExportUsers(ctx, out, hashes, p.show)
			p.end()
			if err != nil {
				return fmt.Errorf("%w (%d users were written before)", err, n)
			}
			_, err = fmt.Fprintf(t.Err, "%d users were written.\n", n)
			return err
		}),
	}
	cmd.Flags().BoolVar(&hashes, "with-hashes", false, "write the password hashes too")
	return cmd
}
