package application_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/bcrypthash"
	"coffeeshop/adapters/bunstore"
	"coffeeshop/adapters/jwttoken"
	"coffeeshop/adapters/riverjobs"
	"coffeeshop/application"
	"coffeeshop/domain"
)

// BenchmarkTiming measures what somebody outside could: how long a call takes for an address that has an account
// and for one that has none. The calls alternate, so that both meet the same disturbances. No worker runs.
//
//	go test ./application -run '^$' -bench Timing -benchtime 2000x
func BenchmarkTiming(b *testing.B) {
	for _, c := range []struct {
		name string
		call func(ctx context.Context, app *application.App, address string) error
	}{
		{"login", func(ctx context.Context, app *application.App, address string) error {
			_, err := app.Login(ctx, application.Login{Email: address, Password: "wrong password"})
			return err
		}},
		{"sign-up", func(ctx context.Context, app *application.App, address string) error {
			_, err := app.SignUp(ctx, application.SignUp{Email: address, Password: password, Locale: domain.LocaleEnglish})
			return err
		}},
		{"forgot", func(ctx context.Context, app *application.App, address string) error {
			return app.ForgotPassword(ctx, address, domain.Source{})
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			app := realApp(b)
			took := map[string][]time.Duration{}
			b.ResetTimer()
			for i := range b.N {
				for kind, address := range map[string]string{
					"existing": fmt.Sprintf("known%d@example.com", i%accounts), "unknown": fmt.Sprintf("nobody%d@example.com", i%accounts),
				} { // in either order
					start := time.Now()
					_ = c.call(b.Context(), app, address) // some fail by design
					took[kind] = append(took[kind], time.Since(start))
				}
			}
			for kind, times := range took {
				slices.Sort(times)
				for _, p := range []int{50, 95, 99} {
					at := times[(len(times)-1)*p/100]
					b.ReportMetric(float64(at.Microseconds()), fmt.Sprintf("µs-p%d-%s", p, kind))
				}
			}
		})
	}
}

// accounts is how many addresses of each kind take turns.
const accounts = 200

// realApp is the application on SQLite with bcrypt, without limits, and with so many verified accounts.
func realApp(b *testing.B) *application.App {
	b.Helper()
	queue, err := riverjobs.NewQueue()
	if err != nil {
		b.Fatal(err)
	}
	db, err := bunstore.Open(b.Context(), bunstore.Config{SQLitePath: filepath.Join(b.TempDir(), "timing.db")}, queue)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	err = db.Migrate(b.Context(), func(ctx context.Context) error { return riverjobs.Migrate(ctx, db.Pool(), db.SQLite()) })
	if err != nil {
		b.Fatal(err)
	}
	hasher, err := bcrypthash.New(bcrypthash.Config{Cost: 6})
	if err != nil {
		b.Fatal(err)
	}
	secret := domain.NewSecret("a secret of at least thirty-two bytes")
	tokens, err := jwttoken.New(jwttoken.Config{Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	app, err := application.New(application.Deps{
		Store: db, Hasher: hasher, Tokens: tokens, Mailer: &outbox{}, Passwords: wellKnown{}, Secret: secret, Now: time.Now,
		NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, NewRandomID: uuid.New,
		Settings: application.Settings{Sessions: domain.SessionLimits{Access: time.Hour, Refresh: time.Hour, Session: time.Hour, PerUser: 20}},
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range accounts {
		if _, err := app.CreateAdmin(b.Context(), fmt.Sprintf("known%d@example.com", i), password, domain.LocaleEnglish); err != nil {
			b.Fatal(err)
		}
	}
	return app
}
