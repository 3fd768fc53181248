package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"coffeeshop/domain"
)

func newUsers(c Commands, t Terminal) *cobra.Command {
	return group("users", "List, manage, import and export users",
		newUsersList(c, "list", "List users, newest first", nil),
		newUsersShow(c),
		newUsersBlock(c),
		newUsersUnblock(c),
		newUsersDelete(c, t),
		newUsersImport(c, t),
		newUsersExport(c, t),
	)
}

// newUsersList lists the users of a filter; fixed sets what the flags do not.
func newUsersList(c Commands, use, short string, fixed func(*domain.UserFilter)) *cobra.Command {
	var status, role, sort, legacyID, prefix string
	var blocked, invited, asJSON bool
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	cmd.RunE = run(func(ctx context.Context, cmd *cobra.Command) error {
		f := domain.UserFilter{Status: domain.Status(status), Role: domain.Role(role), LegacyID: legacyID}
		if cmd.Flags().Changed("blocked") {
			f.Blocked = &blocked
		}
		if cmd.Flags().Changed("invited") {
			f.Invited = &invited
		}
		var err error
		if prefix != "" {
			if f.Prefix, err = domain.ParsePrefix(prefix); err != nil {
				return err
			}
		}
		if fixed != nil {
			fixed(&f)
		}
		table := newUserTable(cmd.OutOrStdout(), asJSON)
		if err := c.ListUsers(ctx, f, domain.UserSort(sort), table.add); err != nil {
			return err
		}
		return table.end()
	})
	if fixed == nil {
		cmd.Flags().Var(oneOf(&status, "verified", "unverified"), "status", "those of a `STATUS`: verified or unverified")
		cmd.Flags().Var(oneOf(&role, "user", "admin"), "role", "those of a `ROLE`: user or admin")
		cmd.Flags().BoolVar(&blocked, "blocked", false, "those that are blocked now; --blocked=false: those that are not")
		cmd.Flags().BoolVar(&invited, "invited", false, "invitations that wait to be accepted; --invited=false: all others")
		cmd.Flags().StringVar(&legacyID, "legacy-id", "", "the one with an `ID` of the system that it came from")
		cmd.Flags().StringVar(&prefix, "q", "", "those whose address, first or last name begins with a `TEXT`")
	}
	sort = string(domain.SortNewest)
	cmd.Flags().Var(oneOf(&sort, "-created_at", "created_at", "email"), "sort", "the `ORDER`: -created_at, created_at or email")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func jsonFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(asJSON, "json", false, "print JSON, one object a line")
}

// choice is a flag with few values.
type choice struct {
	value *string
	of    []string
}

func oneOf(value *string, of ...string) choice { return choice{value, of} }

func (c choice) String() string { return *c.value }
func (choice) Type() string     { return "string" }

// Set implements pflag.Value.
func (c choice) Set(text string) error {
	for _, allowed := range c.of {
		if text == allowed {
			*c.value = text
			return nil
		}
	}
	return errors.New("must be " + strings.Join(c.of, ", "))
}

// userJSON is a user as the API writes it.
type userJSON struct {
	ID           uuid.UUID       `json:"id"`
	Email        string          `json:"email"`
	FirstName    string          `json:"first_name,omitempty"`
	LastName     string          `json:"last_name,omitempty"`
	Status       domain.Status   `json:"status"`
	Role         domain.Role     `json:"role"`
	Locale       domain.Locale   `json:"locale"`
	Blocked      bool            `json:"blocked"`
	BlockReason  string          `json:"block_reason,omitempty"`
	BlockedUntil *time.Time      `json:"blocked_until,omitempty"`
	Invited      bool            `json:"invited"`
	LegacyID     string          `json:"legacy_id,omitempty"`
	Profile      json.RawMessage `json:"profile,omitempty"`
	AppData      json.RawMessage `json:"app_data,omitempty"`
	CreatedAt    time.Time       `json:"created_at"`
	UpdatedAt    time.Time       `json:"updated_at"`
}

func jsonOf(u domain.User) userJSON {
	j := userJSON{
		ID: u.ID, Email: u.Email.Address, FirstName: u.FirstName, LastName: u.LastName, Status: u.Status, Role: u.Role, Locale: u.Locale, Blocked: u.Blocked,
		BlockReason: u.BlockReason, Invited: u.Invited(), LegacyID: u.LegacyID, Profile: json.RawMessage(u.Custom.Profile.Text()),
		AppData: json.RawMessage(u.Custom.AppData.Text()), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	if !u.BlockedUntil.IsZero() {
		j.BlockedUntil = &u.BlockedUntil
	}
	return j
}

// userTable prints users as they come, in JSON lines or in a table that is written a screen at a time.
type userTable struct {
	out    io.Writer
	asJSON bool
	table  *tabwriter.Writer
	rows   int
}

const tableRows = 50

func newUserTable(out io.Writer, asJSON bool) *userTable {
	return &userTable{out: out, asJSON: asJSON, table: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (t *userTable) add(u domain.User) error {
	if t.asJSON {
		return json.NewEncoder(t.out).Encode(jsonOf(u))
	}
	state := string(u.Status)
	switch {
	case u.Blocked:
		state = "blocked"
	case u.Invited():
		state = "invited"
	}
	fmt.Fprintf(t.table, "%s\t%s\t%s\t%s\t%s\n", u.ID, u.Email.Address, u.Role, state, u.CreatedAt.Format(time.RFC3339))
	if t.rows++; t.rows%tableRows == 0 {
		return t.table.Flush()
	}
	return nil
}

func (t *userTable) end() error { return t.table.Flush() }

func newUsersShow(c Commands) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "show EMAIL|ID", Short: "Show a user", Args: cobra.ExactArgs(1),
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			u, err := c.FindUser(ctx, args[0])
			if err != nil {
				return err
			}
			return printUser(cmd, u, asJSON)
		})}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// printUser prints a user, a field a line or as JSON.
func printUser(cmd *cobra.Command, u domain.User, asJSON bool) error {
	text, err := json.Marshal(jsonOf(u))
	if err != nil {
		return err
	}
	if asJSON {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	in := json.NewDecoder(strings.NewReader(string(text)))
	if _, err := in.Token(); err != nil {
		return err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\n", name, strings.Trim(string(value), `"`))
	}
	return table.Flush()
}

func newUsersBlock(c Commands) *cobra.Command {
	var reason, until string
	var asJSON bool
	cmd := &cobra.Command{Use: "block EMAIL|ID", Short: "Keep a user out; the sessions end at once", Args: cobra.ExactArgs(1),
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			var end time.Time
			if until != "" {
				var err error
				if end, err = time.Parse(time.RFC3339, until); err != nil {
					return errors.New("--until must be a time such as 2035-01-31T12:00:00Z")
				}
			}
			return change(ctx, cmd, c, args[0], asJSON, "is blocked", func(u domain.User) (domain.User, error) { return c.BlockUser(ctx, u.ID, reason, end) })
		})}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for admins")
	cmd.Flags().StringVar(&until, "until", "", "the `TIME` at which the block ends by itself, such as 2035-01-31T12:00:00Z")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func newUsersUnblock(c Commands) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "unblock EMAIL|ID", Short: "Let a user in again", Args: cobra.ExactArgs(1),
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			return change(ctx, cmd, c, args[0], asJSON, "is not blocked", func(u domain.User) (domain.User, error) { return c.UnblockUser(ctx, u.ID) })
		})}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// change finds a user, changes it and prints it.
func change(ctx context.Context, cmd *cobra.Command, c Commands, who string, asJSON bool, done string, do func(domain.User) (domain.User, error)) error {
	u, err := c.FindUser(ctx, who)
	if err != nil {
		return err
	}
	custom := u.Custom
	if u, err = do(u); err != nil {
		return err
	}
	if asJSON {
		u.Custom = custom
		return printUser(cmd, u, true)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s.\n", u.Email.Address, done)
	return err
}

func newUsersDelete(c Commands, t Terminal) *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{Use: "delete EMAIL|ID", Short: "Delete a user, and ask before", Args: cobra.ExactArgs(1),
		Long: "Delete a user with everything but anonymous audit events. The command asks; where there is no terminal to ask, it needs --yes.",
		RunE: runWith(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			u, err := c.FindUser(ctx, args[0])
			if err != nil {
				return err
			}
			if !asJSON {
				fmt.Fprintf(cmd.OutOrStdout(), "%s (%s), %s since %s, would be deleted.\n", u.Email.Address, u.ID, u.Status, u.CreatedAt.Format(time.RFC3339))
			}
			if err := confirm(t, yes); err != nil {
				return err
			}
			if err := c.DeleteUser(ctx, u.ID); err != nil {
				return err
			}
			if asJSON {
				return printUser(cmd, u, true)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s was deleted.\n", u.Email.Address)
			return err
		})}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	jsonFlag(cmd, &asJSON)
	return cmd
}
