package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
)

// The image may have to be pulled.
const containerTime = 3 * time.Minute

var quiet = log.New(io.Discard, "", 0)

func container() (server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), containerTime)
	defer cancel()
	if err := engineAnswers(ctx); err != nil {
		return server{}, fmt.Errorf("no container engine answers: %w", err)
	}
	image := cmp.Or(os.Getenv("TEST_POSTGRES_IMAGE"), "postgres:17-alpine")
	running, err := postgres.Run(ctx, image, postgres.WithUsername("postgres"), postgres.WithPassword("postgres"),
		postgres.BasicWaitStrategies(), testcontainers.WithCmdArgs("-c", "max_connections=300"),
		testcontainers.WithLogger(quiet))
	end := func() error { return testcontainers.TerminateContainer(running) }
	if err != nil {
		return server{}, errors.Join(err, end())
	}
	text, err := running.ConnectionString(ctx, "sslmode=disable")
	if err != nil {
		return server{}, errors.Join(err, end())
	}
	u, err := url.Parse(text)
	if err != nil {
		return server{}, errors.Join(err, end())
	}
	return server{u, end}, nil
}

func engineAnswers(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // that is how it reports that there is no address to ask
			err = fmt.Errorf("%v", r)
		}
	}()
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet))
	if err != nil {
		return err
	}
	defer func() { _ = provider.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return provider.Health(ctx)
}
