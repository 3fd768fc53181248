// Package cli lets a terminal drive the service: it reads commands and flags, and calls the functions that
// Commands names.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Commands are the functions behind the commands.
type Commands struct {
	Version  string
	Licenses string

	Serve  func(ctx context.Context) error // until ctx ends
	Health func(ctx context.Context) error // nil: the server on this machine answers

	MigrateUp       func(ctx context.Context) error
	MigrateDown     func(ctx context.Context, version int64) error // the newest step
	MigrationStatus func(ctx context.Context) (Migrations, error)

	CreateAdmin  func(ctx context.Context, email string, password domain.Secret, locale domain.Locale) (domain.User, error)
	PromoteAdmin func(ctx context.Context, email string) (domain.User, error)

	// ListUsers hands all users of a filter to each, in an order.
	ListUsers   func(ctx context.Context, f domain.UserFilter, sort domain.UserSort, each func(domain.User) error) error
	FindUser    func(ctx context.Context, emailOrID string) (domain.User, error)
	BlockUser   func(ctx context.Context, id uuid.UUID, reason string, until time.Time) (domain.User, error)
	UnblockUser func(ctx context.Context, id uuid.UUID) (domain.User, error)
	DeleteUser  func(ctx context.Context, id uuid.UUID) error

	Schemas     []string // of ImportUsers
	ImportUsers func(ctx context.Context, in UserImport) (transfer.Summary, error)
	ExportUsers func(ctx context.Context, out io.Writer, hashes bool, progress func(n int)) (n int, err error)

	// Backup writes the database, and what must go with it, to a new file; it returns what the file holds.
	Backup func(ctx context.Context, file string) (names []string, err error)

	JobStates     []string // of ListJobs
	ListJobs      func(ctx context.Context, state string, each func(Job) error) error
	RetryJob      func(ctx context.Context, id int64) error
	RetryDeadJobs func(ctx context.Context) (n int, err error)

	InitMails    func(dir string) error
	PreviewMails func(dir string) error
	TestMail     func(ctx context.Context, to domain.Email, locale domain.Locale) (way string, written domain.Locale, err error)

	KeyAlgorithms []string // of GenerateKey
	GenerateKey   func(ctx context.Context, algorithm string) (kid string, err error)
	ListKeys      func(ctx context.Context) ([]Key, error)
	RetireKey     func(ctx context.Context, kid string) error

	OpenAPI func() ([]byte, error)
	// Config returns the configuration, and warnings, also beside an error.
	Config func(ctx context.Context) ([]Setting, []string, error)
}

// Migrations is the state of the schema.
type Migrations struct {
	Database string
	Steps    []Migration // oldest first
}

// Migration is a step of the schema.
type Migration struct {
	Version   int64 // 0: it cannot be taken back
	Name      string
	Pending   bool
	AppliedAt time.Time // zero: pending, or not known
	Removes   []string  // what its way back deletes, in words
}

// Terminal is the input and output of the commands. They prompt for passwords without an echo if In is a real terminal.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// failure is an error of a command, rather than of the way it was called.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// Run runs the command of args and returns the exit code: 0, or 1 after a failure, or 2 for a wrong call. It prints the
// error on t.Err.
func Run(ctx context.Context, args []string, c Commands, t Terminal) int {
	root := newRoot(c, t)
	root.SetArgs(args)
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	command, err := root.ExecuteContextC(ctx)
	var failed failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &failed):
		fmt.Fprintln(t.Err, "coffeeshop: "+explain(failed.error))
		return exitFailure
	default:
		fmt.Fprintf(t.Err, "coffeeshop: %s (see %s --help)\n", firstLine(err), command.CommandPath())
		return exitUsage
	}
}

// plain removes words for callers over the network, and puts pgx's errors on one line.
var plain = strings.NewReplacer(domain.ErrUnavailable.Message+": ", "", ":\n\t", ": ", "\n\t", "; ")

// explain returns the rule that an input breaks, or the cause of any other error.
func explain(err error) string {
	var e *domain.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return once(plain.Replace(err.Error()))
	}
	if !errors.Is(err, domain.Invalid("", "")) { // the fields of other errors repeat the message
		return e.Message
	}
	var rules []string
	for _, field := range e.Fields {
		rules = append(rules, "the "+field.Name+" "+field.Message)
	}
	return strings.Join(rules, "; ")
}

// once drops a cause that the text before it has told: pgx tells that of each try to connect.
func once(text string) string {
	told, rest, more := strings.Cut(text, "; ")
	for more {
		var cause string
		if cause, rest, more = strings.Cut(rest, "; "); !strings.HasSuffix(told, cause) {
			told += "; " + cause
		}
	}
	return told
}

// firstLine removes the suggestions that cobra appends.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// run adapts a function to cobra; its error is a failure.
func run(fn func(ctx context.Context, cmd *cobra.Command) error) func(*cobra.Command, []string) error {
	return runWith(func(ctx context.Context, cmd *cobra.Command, _ []string) error { return fn(ctx, cmd) })
}

// runWith is run for a function that takes arguments.
func runWith(fn func(ctx context.Context, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := fn(cmd.Context(), cmd, args); err != nil {
			return failure{err}
		}
		return nil
	}
}

func newRoot(c Commands, t Terminal) *cobra.Command {
	serve := run(func(ctx context.Context, _ *cobra.Command) error { return c.Serve(ctx) })
	root := &cobra.Command{
		Use:   "coffeeshop",
		Short: "Accounts and authentication for other services, over REST",
		Long: "Coffee Shop API: accounts and authentication for other services, over REST.\n\n" +
			"Without a command it serves. It is configured by the environment and a .env file: the command\n" +
			"config explains every variable.",
		Args: cobra.NoArgs, RunE: serve, SilenceErrors: true, SilenceUsage: true,
		Version: c.Version,
	}
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve the API until a signal ends it (the default)", Args: cobra.NoArgs, RunE: serve},
		newMigrate(c, t),
		newAdmin(c, t),
		newUsers(c, t),
		newBackup(c),
		newJobs(c),
		newMails(c),
		newKeys(c),
		newConfig(c),
		&cobra.Command{Use: "openapi", Short: "Print the OpenAPI document", Args: cobra.NoArgs,
			RunE: run(func(_ context.Context, cmd *cobra.Command) error {
				document, err := c.OpenAPI()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), strings.TrimRight(string(document), "\n"))
				return err
			})},
		&cobra.Command{Use: "licenses", Short: "Print the licences of the service and of all that it contains", Args: cobra.NoArgs,
			RunE: run(func(_ context.Context, cmd *cobra.Command) error {
				_, err := fmt.Fprint(cmd.OutOrStdout(), c.Licenses)
				return err
			})},
		&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs,
			RunE: run(func(_ context.Context, cmd *cobra.Command) error {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), c.Version)
				return err
			})},
		&cobra.Command{Use: "health", Short: "Ask the server on this machine whether it is alive", Args: cobra.NoArgs,
			Long: "Ask the server on this machine, at HTTP_ADDR, whether it is alive.\nThe exit code is 0 if it is and 1 if not.",
			RunE: run(func(ctx context.Context, _ *cobra.Command) error { return c.Health(ctx) })},
	)
	root.SetVersionTemplate("{{.Version}}\n")
	return root
}

// group is a command with nothing but subcommands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return errors.New("a command is missing")
	}}
	cmd.AddCommand(commands...)
	return cmd
}
