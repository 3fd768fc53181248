package bootstrap

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/httpapi"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/application"
	"coffeeshop/ports"
)

// newDatabase opens the database; it is closed when everything else has stopped.
func newDatabase(lc fx.Lifecycle, cfg Config, jobs bunstore.JobQueue) (*bunstore.DB, error) {
	db, err := bunstore.Open(context.Background(), bunstore.Config{
		PostgresURL: cfg.PostgresURL().Reveal(), SQLitePath: cfg.SQLitePath(),
	}, jobs)
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(db.Close))
	return db, nil
}

func newHasher(lc fx.Lifecycle, cfg Config) (*bcrypthash.Hasher, error) {
	hasher, err := bcrypthash.New(bcrypthash.Config{Cost: cfg.BcryptCost, Queue: cfg.HashQueue})
	if err != nil {
		return nil, err
	}
	lc.Append(fx.StopHook(hasher.Close))
	return hasher, nil
}

func newTokens(cfg Config, k keys, env surroundings) (*jwttoken.Tokens, error) {
	return jwttoken.New(jwttoken.Config{
		Secret: k.secret, Previous: cfg.SecretKeyPrevious, AccessLife: cfg.Settings().Lifetimes.Access, Now: env.now,
	})
}

// appDeps are the ports that the application needs; fx fills them in.
type appDeps struct {
	fx.In

	Store  ports.Store
	Hasher ports.Hasher
	Tokens ports.Tokens
	Mailer ports.Mailer
}

func newApp(cfg Config, k keys, env surroundings, d appDeps) (*application.App, error) {
	return application.New(application.Deps{
		Store: d.Store, Hasher: d.Hasher, Tokens: d.Tokens, Mailer: d.Mailer, Secret: k.secret, Settings: cfg.Settings(),
		Now: env.now, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, NewRandomID: uuid.New,
	})
}

func newAPI(app *application.App, cfg Config, schema *schema, mails httpapi.Mailbox, log *zap.Logger) *httpapi.API {
	if !showsMailbox(cfg) {
		mails = nil
	}
	return httpapi.New(app, httpapi.Config{
		Version: version(), Production: cfg.Production(), Mailbox: mails, Ready: schema.ready,
	}, log)
}

// openAPI renders the document without making anything else.
func openAPI() ([]byte, error) {
	document, err := httpapi.OpenAPI(version())
	if err != nil {
		return nil, fmt.Errorf("render the OpenAPI document: %w", err)
	}
	return document, nil
}
