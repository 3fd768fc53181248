package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newBackup(c Commands) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write the SQLite database and what must go with it to a new tar archive", Args: cobra.ExactArgs(1),
		Long: "Write the SQLite database, the secret and the keys of access tokens to a new tar archive that only its owner reads.\n" +
			"A server may run meanwhile. To restore, unpack it into an empty DATA_DIR while no server runs. PostgreSQL is backed up\n" +
			"by pg_dump. See docs/operations.md.",
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			names, err := c.Backup(ctx, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s holds %s. Whoever reads it can sign in as anybody.\n", args[0], strings.Join(names, ", "))
			return err
		}),
	}
}
