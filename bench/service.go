package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// secret is what the service and the tokens that are made here are signed with.
const secret = "a secret that is known to everybody, for the benchmark"

const (
	sqlite   = "SQLite"
	postgres = "PostgreSQL"
)

// build builds the service whose source is in a folder.
func build(ctx context.Context, source, binary string) (string, error) {
	if _, err := do(ctx, nil, source, goEnviron(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "coffeeshop"); err != nil {
		return "", fmt.Errorf("build the service: %w", err)
	}
	return binary, nil
}

// goEnviron is what the go command needs of this program's environment.
func goEnviron() []string {
	return []string{"HOME=" + os.Getenv("HOME"), "GOFLAGS=" + os.Getenv("GOFLAGS"), "GOCACHE=" + os.Getenv("GOCACHE"),
		"GOMODCACHE=" + os.Getenv("GOMODCACHE"), "GOPATH=" + os.Getenv("GOPATH"), "CGO_ENABLED=0"}
}

// site is a database with the service's schema and so many users, and what the service is started with there.
type site struct {
	binary  string // the service
	engine  string
	users   int
	data    string // the service's folder
	name    string // of the database, PostgreSQL only
	environ []string
}

// prepare makes a database for a binary of the service, with a user and a session for each number from 1 on. The
// passwords have the given cost.
func (b *bench) prepare(ctx context.Context, binary, engine string, users, cost int) (*site, error) {
	s, err := b.place(ctx, binary, engine, users, cost)
	if err != nil {
		return nil, err
	}
	b.progress("%s: making %d users with sessions", engine, users)
	return s, b.seed(ctx, s, cost)
}

// place makes a database without users.
func (b *bench) place(ctx context.Context, binary, engine string, users, cost int) (*site, error) {
	b.sites++
	s := &site{binary: binary, engine: engine, users: users, name: fmt.Sprintf("bench_%d_%d", users, b.sites)}
	s.data = filepath.Join(b.dir, engine+"-"+s.name)
	if err := os.Mkdir(s.data, 0o700); err != nil {
		return nil, err
	}
	mode := "production"
	if cost < bcryptCost {
		mode = "development" // production refuses hashes that are as cheap
	}
	s.environ = []string{
		"APP_ENV=" + mode, "SECRET_KEY=" + secret, "DATA_DIR=" + s.data, "RATE_LIMITS=off", "BCRYPT_COST=" + strconv.Itoa(cost),
		"ACCESS_TOKEN_EXPIRE_MINUTES=1440", "EMAIL_HOST=127.0.0.1", "EMAIL_PORT=1", "EMAIL_TLS=none", "EMAIL_FROM=bench@example.com",
	}
	if engine == postgres {
		if b.postgres == nil {
			b.progress("starting PostgreSQL")
			var err error
			if b.postgres, err = b.startPostgres(ctx); err != nil {
				return nil, err
			}
		}
		if _, err := b.postgres.sql(ctx, "postgres", "CREATE DATABASE "+s.name); err != nil {
			return nil, err
		}
		s.environ = append(s.environ, "DATABASE_URL="+b.postgres.url(s.name))
	}
	_, err := do(ctx, nil, s.data, s.environ, binary, "migrate", "up")
	return s, err
}

// service is a running one.
type service struct {
	site    *site
	program *program
	addr    string
	ready   time.Duration // from its start to the first request that found it ready
}

// serve starts the service, with more in its environment than the site's.
func (b *bench) serve(ctx context.Context, s *site, more ...string) (*service, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	v := &service{site: s, addr: net.JoinHostPort("127.0.0.1", port)}
	environ := slices.Concat(s.environ, []string{"HTTP_ADDR=" + v.addr}, more)
	log := filepath.Join(s.data, "service.log")
	start := time.Now()
	if v.program, err = begin(ctx, nil, s.data, log, environ, syscall.SIGTERM, s.binary, "serve"); err != nil {
		return nil, err
	}
	err = v.program.await(func() bool { return get(ctx, "http://"+v.addr+"/readyz", io.Discard) == nil })
	v.ready = time.Since(start)
	return v, err
}

// quiet waits until the service does next to nothing: logins whose clients have gone are finished nonetheless.
func (v *service) quiet(ctx context.Context) error {
	const look = 500 * time.Millisecond
	for range 60 {
		before, err1 := processorTime(v.program.cmd.Process.Pid)
		errRest := rest(ctx, look)
		after, err2 := processorTime(v.program.cmd.Process.Pid)
		if err := errors.Join(err1, errRest, err2); err != nil || after-before <= look/25 {
			return err
		}
	}
	return errors.New("the service does not come to rest")
}

func (v *service) stop() error { return v.program.stop(syscall.SIGTERM) }

// once keeps no connection: a measurement is not to find another's.
var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 3 * time.Minute}

func get(ctx context.Context, url string, to io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := once.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	_, err = io.Copy(to, res.Body)
	return err
}

// usage is what the service needed for a load.
type usage struct {
	processor time.Duration // all of it
	memory    int64         // the most that was seen, in bytes
}

func (u usage) with(o usage) usage {
	return usage{processor: u.processor + o.processor, memory: max(u.memory, o.memory)}
}

// watch runs a load and sees what the service needs for it.
func (v *service) watch(load func() (sample, error)) (s sample, u usage, err error) {
	pid := v.program.cmd.Process.Pid
	before, err := processorTime(pid)
	if err != nil {
		return s, u, err
	}
	done := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			if m, err := residentMemory(pid); err == nil {
				u.memory = max(u.memory, m)
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	s, err = load()
	close(done)
	beside.Wait()
	after, errAfter := processorTime(pid)
	if err == nil {
		err = errAfter
	}
	u.processor = after - before
	return s, u, err
}
