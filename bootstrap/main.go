// Package bootstrap puts the service together: it reads the configuration, makes every part, and runs the
// commands. Nothing else knows fx.
package bootstrap

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"

	"coffeeshop/adapters/cli"
	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/mail"
	"coffeeshop/adapters/othersystems"
	"coffeeshop/application"
	"coffeeshop/application/transfer"
	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
	"coffeeshop/licenses"
)

// Main runs the command of the arguments and returns the exit code. example is the text of .env.example, which explains
// the variables. A first SIGINT or SIGTERM ends the command in order, a second one at once.
func Main(args []string, example string) int {
	collectLess()
	ctx, stop := untilSignal()
	defer stop()
	proc := process{out: os.Stdout, err: os.Stderr, now: time.Now}
	return cli.Run(ctx, args, commands(proc, example, config.Environ), cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// gcPercent is how much the heap grows, in percent, before it is collected. Only a few MiB live, so that Go's own choice,
// 100, collects many times a second. On GET /users/me 400 took 30 % less CPU on SQLite, 4 to 16 % on PostgreSQL, and some
// 20 MiB more under load.
const gcPercent = 400

// collectLess makes the collector run less often, unless GOGC is set.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// commands binds the terminal to the graph. Only the commands that need the configuration read it.
func commands(proc process, example string, environ func() (map[string]string, []string, error)) cli.Commands {
	configured := func() (config.Config, error) {
		given, warnings, err := environ()
		if err != nil {
			return config.Config{}, err
		}
		proc.warnings = warnings
		return config.Load(given)
	}
	// with runs fn on the parts that the options ask for.
	with := func(ctx context.Context, fn func(ctx context.Context) error, options ...fx.Option) error {
		cfg, err := configured()
		if err != nil {
			return err
		}
		return run(ctx, cfg, proc, fn, options...)
	}
	migrate := func(do func(db *database, ctx context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			var db *database
			return with(ctx, func(ctx context.Context) error { return do(db, ctx) }, migrating, fx.Populate(&db))
		}
	}
	manage := func(ctx context.Context, do func(app *application.App) (domain.User, error)) (u domain.User, err error) {
		var app *application.App
		err = with(ctx, func(context.Context) error {
			u, err = do(app)
			return err
		}, managing, fx.Populate(&app))
		return u, err
	}
	jobs := func(ctx context.Context, do func(t *jobTable) error) error {
		var table *jobTable
		return with(ctx, func(context.Context) error { return do(table) }, managing, fx.Populate(&table))
	}
	return cli.Commands{
		Version:  build(),
		Licenses: licenses.All(),
		Serve: func(ctx context.Context) error {
			cfg, err := configured()
			if err != nil {
				return err
			}
			return serve(ctx, cfg, proc)
		},
		Health: func(ctx context.Context) error {
			cfg, err := configured()
			if err != nil && !errors.As(err, new(config.Errors)) { // other variables do not matter
				return err
			}
			return health(ctx, cfg.HTTPAddr)
		},
		MigrateUp: migrate((*database).up),
		MigrateDown: func(ctx context.Context, version int64) error {
			return migrate(func(db *database, ctx context.Context) error { return db.MigrateDown(ctx, version) })(ctx)
		},
		MigrationStatus: func(ctx context.Context) (state cli.Migrations, err error) {
			err = migrate(func(db *database, ctx context.Context) (err error) {
				state, err = db.status(ctx)
				return err
			})(ctx)
			return state, err
		},
		CreateAdmin: func(ctx context.Context, email string, password domain.Secret, locale domain.Locale) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) {
				return app.CreateAdmin(ctx, email, password.Reveal(), locale)
			})
		},
		PromoteAdmin: func(ctx context.Context, email string) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) { return app.PromoteAdmin(ctx, email) })
		},
		ListUsers: func(ctx context.Context, f domain.UserFilter, sort domain.UserSort, each func(domain.User) error) error {
			var app *application.App
			return with(ctx, func(context.Context) error { return eachUser(ctx, app, f, sort, each) }, managing, fx.Populate(&app))
		},
		FindUser: func(ctx context.Context, who string) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) { return findUser(ctx, app, who) })
		},
		BlockUser: func(ctx context.Context, id uuid.UUID, reason string, until time.Time) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) {
				return app.BlockUser(ctx, domain.Operator{}, application.BlockUser{ID: id, Reason: reason, Until: until})
			})
		},
		UnblockUser: func(ctx context.Context, id uuid.UUID) (domain.User, error) {
			return manage(ctx, func(app *application.App) (domain.User, error) {
				return app.UnblockUser(ctx, domain.Operator{}, id, nil, domain.Source{})
			})
		},
		DeleteUser: func(ctx context.Context, id uuid.UUID) error {
			_, err := manage(ctx, func(app *application.App) (domain.User, error) {
				return domain.User{}, app.DeleteUser(ctx, domain.Operator{}, id, nil, domain.Source{})
			})
			return err
		},
		Schemas: othersystems.Schemas(),
		ImportUsers: func(ctx context.Context, in cli.UserImport) (done transfer.Summary, err error) {
			var to *transfer.Transfer
			var cfg config.Config
			err = with(ctx, func(context.Context) error {
				done, err = importUsers(ctx, to, cfg, in)
				return err
			}, managing, fx.Populate(&to, &cfg))
			return done, err
		},
		ExportUsers: func(ctx context.Context, out io.Writer, hashes bool, progress func(int)) (n int, err error) {
			var from *transfer.Transfer
			err = with(ctx, func(context.Context) error {
				n, err = exportUsers(ctx, from, out, hashes, progress)
				return err
			}, managing, fx.Populate(&from))
			return n, err
		},
		Backup: func(ctx context.Context, file string) (names []string, err error) {
			cfg, err := configured()
			if err != nil {
				return nil, err
			}
			if err := backupable(cfg); err != nil {
				return nil, err
			}
			var db *database
			err = run(ctx, cfg, proc, func(ctx context.Context) error {
				names, err = backup(ctx, cfg, db, file)
				return err
			}, migrating, fx.Populate(&db)) // as it is: a backup comes before an upgrade
			return names, err
		},
		JobStates: jobStates(),
		ListJobs: func(ctx context.Context, state string, each func(cli.Job) error) error {
			return jobs(ctx, func(t *jobTable) error { return listJobs(ctx, t, state, each) })
		},
		RetryJob: func(ctx context.Context, id int64) error {
			return jobs(ctx, func(t *jobTable) error { return t.Retry(ctx, id) })
		},
		RetryDeadJobs: func(ctx context.Context) (n int, err error) {
			err = jobs(ctx, func(t *jobTable) (err error) { n, err = t.RetryDead(ctx); return err })
			return n, err
		},
		InitMails: mail.WriteTemplates,
		PreviewMails: func(dir string) error {
			cfg, err := configured()
			if err != nil {
				return err
			}
			mails, err := writeMails(cfg, nil, proc) // nothing is sent
			if err != nil {
				return err
			}
			return mails.WriteSamples(dir)
		},
		TestMail: func(ctx context.Context, to domain.Email, locale domain.Locale) (string, domain.Locale, error) {
			cfg, err := configured()
			if err != nil {
				return "", "", err
			}
			mails, err := newMail(cfg, proc)
			if err != nil {
				return "", "", err
			}
			way := "The mailbox " + cfg.MailboxDir
			if !cfg.UsesMailbox() {
				way = "The mail server " + cfg.EmailHost
			}
			written, err := mails.Mail.SendSample(ctx, to, locale)
			return way, written, err
		},
		KeyAlgorithms: jwttoken.Algorithms,
		GenerateKey: func(_ context.Context, algorithm string) (string, error) {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return "", err
			}
			return jwttoken.GenerateKey(folder.dir, algorithm, proc.now())
		},
		ListKeys: func(context.Context) ([]cli.Key, error) {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return nil, err
			}
			return folder.list(proc.now())
		},
		RetireKey: func(_ context.Context, kid string) error {
			folder, err := keyFolderOf(configured())
			if err != nil {
				return err
			}
			return jwttoken.RetireKey(folder.dir, kid, proc.now())
		},
		OpenAPI: func() ([]byte, error) {
			cfg, err := configured()
			if err != nil && !errors.As(err, new(config.Errors)) { // other variables do not matter
				return nil, err
			}
			return httpapi.OpenAPI(documented(cfg)), nil
		},
		Config: func(context.Context) ([]cli.Setting, []string, error) {
			given, warnings, err := environ()
			if err != nil {
				return nil, nil, err
			}
			described, err := config.Describe(example, given)
			settings := make([]cli.Setting, len(described))
			for i, s := range described {
				settings[i] = cli.Setting(s)
			}
			return settings, warnings, err
		},
	}
}

// keyFolder is the folder of asymmetric keys. The commands that manage it need no other part of the service.
type keyFolder struct {
	dir        string
	accessLife time.Duration
}

// keyFolderOf returns the folder of a configuration. Errors of other variables do not matter: keys can be made before
// anything else is configured.
func keyFolderOf(cfg config.Config, err error) (keyFolder, error) {
	var errs config.Errors
	if errors.As(err, &errs) {
		errs = slices.DeleteFunc(slices.Clone(errs), func(e config.Error) bool { return e.Name != "ACCESS_TOKEN_EXPIRE_MINUTES" })
	} else if err != nil {
		return keyFolder{}, err
	}
	if cfg.JWTKeysDir == "" {
		errs = append(errs, config.Error{Name: "JWT_KEYS_DIR", Wrong: "is not set: until it is, access tokens are signed with SECRET_KEY", Allowed: "the path of a folder, which this command fills"})
	}
	if len(errs) > 0 {
		return keyFolder{}, errs
	}
	return keyFolder{cfg.JWTKeysDir, cfg.Settings().Sessions.Access}, nil
}

func (f keyFolder) list(now time.Time) ([]cli.Key, error) {
	infos, err := jwttoken.ListKeys(f.dir, f.accessLife, now)
	list := make([]cli.Key, len(infos))
	for i, k := range infos {
		list[i] = cli.Key(k)
	}
	return list, err
}
