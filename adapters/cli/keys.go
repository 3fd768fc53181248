package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// Key is one of the keys that access tokens are signed with.
type Key struct {
	KID       string
	Algorithm string // empty: not known
	CreatedAt time.Time
	RetiredAt time.Time // zero: active
	EndsAt    time.Time // when a retired key stops verifying; zero: active
	Ended     bool      // that time has come
	Signs     bool      // it signs now
	Fault     error     // why the file cannot be used; nil: it can
}

func newKeys(c Commands) *cobra.Command {
	return group("keys", "Manage the keys of access tokens (JWT_KEYS_DIR)", newKeysGenerate(c),
		&cobra.Command{Use: "list", Short: "List the keys, the one that signs first", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				keys, err := c.ListKeys(ctx)
				if err != nil {
					return err
				}
				return printKeys(cmd.OutOrStdout(), keys)
			})},
		&cobra.Command{Use: "retire KID", Short: "Have a key sign no more", Args: cobra.ExactArgs(1),
			Long: "Have a key sign no more. It verifies until the last tokens that it signed have expired. Running servers\n" +
				"notice within a second. The last active key cannot be retired. To withdraw a stolen key at once, delete\n" +
				"its file instead: the access tokens that it signed are refused from then on, and get refreshed.",
			RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
				kid := cmd.Flags().Arg(0)
				if err := c.RetireKey(ctx, kid); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is retired.\n", kid)
				return err
			})},
	)
}

func newKeysGenerate(c Commands) *cobra.Command {
	var algorithm string
	names := strings.Join(c.KeyAlgorithms, ", ")
	generate := run(func(ctx context.Context, cmd *cobra.Command) error {
		kid, err := c.GenerateKey(ctx, algorithm)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), kid)
		return err
	})
	cmd := &cobra.Command{
		Use:   "generate --alg ALGORITHM",
		Short: "Make a key, and print its id",
		Long: "Make a key, and print its id. Running servers sign with it five seconds later, when all of them know it; the keys\n" +
			"before it go on to verify until they are retired.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(c.KeyAlgorithms, algorithm) {
				return fmt.Errorf("there is no algorithm %q: it is one of %s", algorithm, names)
			}
			return generate(cmd, args)
		},
	}
	cmd.Flags().StringVar(&algorithm, "alg", "", "the `ALGORITHM`: "+names)
	_ = cmd.MarkFlagRequired("alg") // it fails for unknown flags only
	return cmd
}

func printKeys(out io.Writer, keys []Key) error {
	if len(keys) == 0 {
		_, err := fmt.Fprintln(out, "There are no keys.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KID\tALG\tCREATED\tSIGNS\tSTATE")
	for _, k := range keys {
		signs, algorithm := "no", k.Algorithm
		if k.Signs {
			signs = "yes"
		}
		if algorithm == "" {
			algorithm = "?"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.KID, algorithm, k.CreatedAt.Format(time.RFC3339), signs, k.state())
	}
	return table.Flush()
}

// state is the last column, since a fault may be long.
func (k Key) state() string {
	switch {
	case k.Ended:
		return "ended, its file may be deleted"
	case k.Fault != nil:
		return "unusable: " + plain.Replace(k.Fault.Error())
	case !k.EndsAt.IsZero():
		return "retired, verifies until " + k.EndsAt.Format(time.RFC3339)
	default:
		return "active"
	}
}
