package bootstrap

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/othersystems"
	"coffeeshop/adapters/userfile"
	"coffeeshop/application"
	"coffeeshop/application/transfer"
	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func newTransfer(store ports.Store, proc process) *transfer.Transfer {
	return transfer.New(transfer.Deps{Store: store, CheckHash: bcrypthash.Check, Now: proc.now, NewID: newID})
}

// listPage is how many users the terminal reads at once.
const listPage = 200

// eachUser hands all users of a filter on, page by page: some may be empty.
func eachUser(ctx context.Context, app *application.App, f domain.UserFilter, sort domain.UserSort, each func(domain.User) error) error {
	in := application.ListUsers{UserFilter: f, Sort: sort, Limit: listPage}
	for {
		page, err := app.Users(ctx, domain.Operator{}, in)
		if err != nil {
			return err
		}
		for _, u := range page.Users {
			if err := each(u); err != nil {
				return err
			}
		}
		if in.Cursor = page.Next; in.Cursor == "" {
			return nil
		}
	}
}

// findUser finds a user by address or id.
func findUser(ctx context.Context, app *application.App, who string) (domain.User, error) {
	if id, err := uuid.Parse(who); err == nil {
		return app.User(ctx, domain.Operator{}, id)
	}
	return app.UserOf(ctx, who)
}

func importUsers(ctx context.Context, to *transfer.Transfer, cfg config.Config, in cli.UserImport) (_ transfer.Summary, err error) {
	if in.Schema == "" {
		file, err := userfile.Open(in.File, in.In)
		if err != nil {
			return transfer.Summary{}, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		return to.Import(ctx, file.Records, in.Options)
	}
	if in.From.IsZero() {
		in.From = cfg.ImportFrom
	}
	if in.From.IsZero() {
		return transfer.Summary{}, errors.New("IMPORT_FROM, or --from, has to name the database of the other system")
	}
	users, err := othersystems.Users(in.From, in.Schema)
	if err != nil {
		return transfer.Summary{}, err
	}
	return to.Import(ctx, users, in.Options)
}

func exportUsers(ctx context.Context, from *transfer.Transfer, out io.Writer, hashes bool, progress func(int)) (int, error) {
	to, n := bufio.NewWriterSize(out, 64<<10), 0
	written, err := from.Export(ctx, hashes, func(r transfer.Record) error {
		if n++; n%1000 == 0 {
			progress(n)
		}
		return userfile.Write(to, r)
	})
	return written, errors.Join(err, to.Flush())
}
