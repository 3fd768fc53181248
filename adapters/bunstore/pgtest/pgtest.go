// Package pgtest gives tests databases of a real PostgreSQL. The server is found in this order, or as
// TEST_POSTGRES (url, container, local) says:
//
//   - TEST_DATABASE_URL, whose user may create databases;
//   - a container, of the image TEST_POSTGRES_IMAGE (postgres:17-alpine), where a container engine answers;
//   - PostgreSQL's programs on this machine, started in a temporary folder.
//
// Where there is none, tests are skipped, or, with REQUIRE_POSTGRES=1, fail.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const howTo = "no PostgreSQL to test with: set TEST_DATABASE_URL, start a container engine, or install PostgreSQL's server"

// server is a running PostgreSQL.
type server struct {
	url  *url.URL
	stop func() error
}

// shared is the one server of the test process, started by the first test that needs it.
var shared struct {
	sync.Mutex
	started bool
	server  server
	err     error
}

func start() (server, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.started {
		shared.started = true
		shared.server, shared.err = find()
	}
	return shared.server, shared.err
}

func stop() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server.stop == nil {
		return nil
	}
	end := shared.server.stop
	shared.server.stop = nil
	return end()
}

// Main runs the tests of a package and then stops the server. Every package that calls New has it in its
// TestMain.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	defer func() { // also when a test panics past the testing package
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the test's PostgreSQL:", err)
			code = max(code, 1)
		}
	}()
	return m.Run()
}

// New returns the URL of a new, empty database, which is dropped when the test ends.
func New(t testing.TB) string {
	t.Helper()
	s, err := start()
	if err != nil {
		if os.Getenv("REQUIRE_POSTGRES") == "1" {
			t.Fatal(err)
		}
		t.Skip(err) // a machine without PostgreSQL and without containers; .ci/run requires one
	}
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.admin("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		t.Fatal("create a database: ", err)
	}
	t.Cleanup(func() {
		if err := s.admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Error("drop a database: ", err)
		}
	})
	own := *s.url
	own.Path = "/" + name
	return own.String()
}

func (s server) admin(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func find() (server, error) {
	ways := []struct {
		name string
		try  func() (server, error)
	}{{"url", given}, {"container", container}, {"local", local}}
	wanted := os.Getenv("TEST_POSTGRES")
	var errs []error
	for _, way := range ways {
		if wanted != "" && wanted != way.name {
			continue
		}
		s, err := way.try()
		if err == nil {
			return s, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", way.name, err))
		if way.name == "url" && os.Getenv("TEST_DATABASE_URL") != "" {
			break // what was asked for is not replaced by something else
		}
	}
	if errs == nil {
		errs = []error{fmt.Errorf("TEST_POSTGRES is %q, not url, container or local", wanted)}
	}
	return server{}, fmt.Errorf("%s\n%w", howTo, errors.Join(errs...))
}

func given() (server, error) {
	text := os.Getenv("TEST_DATABASE_URL")
	if text == "" {
		return server{}, errors.New("TEST_DATABASE_URL is not set")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" && u.Query().Get("host") == "" {
		return server{}, errors.New("TEST_DATABASE_URL is not a URL like postgres://user:password@host:5432/postgres")
	}
	s := server{url: u}
	return s, s.admin("SELECT 1")
}
