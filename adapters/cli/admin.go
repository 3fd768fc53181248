package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"coffeeshop/domain"
)

// maxPasswordFile is more than any password has.
const maxPasswordFile = 64 << 10

func newAdmin(c Commands, t Terminal) *cobra.Command {
	return group("admin", "Make and list admins", newAdminCreate(c, t), newAdminPromote(c),
		newUsersList(c, "list", "List admins, newest first", func(f *domain.UserFilter) {
			f.Role, f.Status = domain.RoleAdmin, domain.StatusVerified
		}))
}

func newAdminCreate(c Commands, t Terminal) *cobra.Command {
	var email, file, language string
	var stdin bool
	cmd := &cobra.Command{
		Use:   "create --email ADDRESS",
		Short: "Open a verified admin account",
		Long: "Open a verified admin account. The password is prompted for, or comes from standard input or a file;\n" +
			"one newline at its end does not belong to it. An account that exists is left as it is.",
		Example: "  coffeeshop admin create --email ann@example.org\n" +
			"  pass show coffeeshop | coffeeshop admin create --email ann@example.org --password-stdin",
		Args: cobra.NoArgs,
		RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
			if _, err := domain.ParseEmail(email); err != nil {
				return err // before anybody types a password
			}
			locale, err := domain.ParseLocale(language)
			if err != nil {
				return err
			}
			password, err := readPassword(t, stdin, file)
			if err != nil {
				return err
			}
			u, err := c.CreateAdmin(ctx, email, password, locale)
			if err != nil {
				return err
			}
			return printAdmin(cmd, u)
		}),
	}
	emailFlag(cmd, &email)
	localeFlag(cmd, &language, "the `LANGUAGE` of the admin's mails, such as en or ru")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	cmd.Flags().StringVar(&file, "password-file", "", "read the password from a `FILE`")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "password-file")
	return cmd
}

func newAdminPromote(c Commands) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "promote --email ADDRESS",
		Short: "Make the verified user of an address an admin",
		Args:  cobra.NoArgs,
		RunE: run(func(ctx context.Context, cmd *cobra.Command) error {
			u, err := c.PromoteAdmin(ctx, email)
			if err != nil {
				return err
			}
			return printAdmin(cmd, u)
		}),
	}
	emailFlag(cmd, &email)
	return cmd
}

func printAdmin(cmd *cobra.Command, u domain.User) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is an admin now.\n", u.Email.Address)
	return err
}

func emailFlag(cmd *cobra.Command, email *string) {
	cmd.Flags().StringVar(email, "email", "", "the `ADDRESS` of the account")
	_ = cmd.MarkFlagRequired("email") // it fails for unknown flags only
}

// readPassword reads a password from standard input, a file, or else the terminal.
func readPassword(t Terminal, stdin bool, file string) (domain.Secret, error) {
	switch {
	case stdin:
		return readSecret(t.In)
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return domain.Secret{}, fmt.Errorf("read the password: %w", err)
		}
		defer f.Close()
		return readSecret(f)
	}
	in, ok := t.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return domain.Secret{}, errors.New("there is no terminal to ask for the password: use --password-stdin or --password-file")
	}
	return prompt(t.Err, func() ([]byte, error) { return term.ReadPassword(int(in.Fd())) })
}

// readSecret reads to the end; one newline there does not count.
func readSecret(r io.Reader) (domain.Secret, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxPasswordFile))
	if err != nil {
		return domain.Secret{}, fmt.Errorf("read the password: %w", err)
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	return domain.NewSecret(string(text)), nil
}

// prompt asks twice, since the terminal shows nothing.
func prompt(out io.Writer, read func() ([]byte, error)) (domain.Secret, error) {
	var typed [2]string
	for i, question := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(out, question)
		text, err := read()
		fmt.Fprintln(out)
		if err != nil {
			return domain.Secret{}, fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(text)
	}
	if typed[0] != typed[1] {
		return domain.Secret{}, errors.New("the two passwords differ")
	}
	return domain.NewSecret(typed[0]), nil
}
