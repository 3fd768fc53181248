package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"coffeeshop/domain"
)

func newMails(c Commands) *cobra.Command {
	var language string
	test := &cobra.Command{
		Use: "test ADDRESS", Short: "Send one mail by the configured way", Args: cobra.ExactArgs(1),
		Long: "Send the mail of a sign-up to an address, by the configured way. Its codes open nothing.",
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			to, err := domain.ParseEmail(args[0])
			if err != nil {
				return err
			}
			locale, err := domain.ParseLocale(language)
			if err != nil {
				return err
			}
			way, written, err := c.TestMail(ctx, to, locale)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s took over the mail to %s, written in %s.\n", way, to.Address, written)
			return err
		}),
	}
	localeFlag(test, &language, "the `LANGUAGE` of the mail, such as en or ru")
	return group("mails", "Write, preview and try the mails",
		&cobra.Command{
			Use: "init DIR", Short: "Write the templates that the service brings along to a folder", Args: cobra.ExactArgs(1),
			Long: "Write the templates that the service brings along to a folder, for MAIL_TEMPLATES_DIR. No file is overwritten.\n" +
				"Delete those that you do not change: they follow later versions of the service.",
			RunE: runWith(func(_ context.Context, cmd *cobra.Command, args []string) error {
				if err := c.InitMails(args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "The templates are in %s. Set MAIL_TEMPLATES_DIR to it.\n", args[0])
				return err
			}),
		},
		&cobra.Command{
			Use: "preview DIR", Short: "Write all mails with sample data to a folder", Args: cobra.ExactArgs(1),
			Long: "Write all mails in all languages with sample data to a folder, to look at: open its index.html.",
			RunE: runWith(func(_ context.Context, cmd *cobra.Command, args []string) error {
				if err := c.PreviewMails(args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "The mails are in %s: open index.html.\n", args[0])
				return err
			}),
		},
		test,
	)
}

func localeFlag(cmd *cobra.Command, language *string, usage string) {
	cmd.Flags().StringVar(language, "locale", string(domain.LocaleEnglish), usage)
}
