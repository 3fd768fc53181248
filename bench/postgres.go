package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// tuning is what is not left at PostgreSQL's defaults. Durability is: a commit waits for the disk.
var tuning = []string{"shared_buffers=512MB", "max_wal_size=4GB", "max_connections=200"}

// cluster is a temporary PostgreSQL server.
type cluster struct {
	program  *program
	programs programs
	port     string
	dir      string
}

func (b *bench) startPostgres(ctx context.Context) (*cluster, error) {
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, "postgres")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(dir, owner.uid, owner.gid); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	if _, err := do(ctx, owner, dir, nil, b.programs.initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}
	for _, setting := range tuning {
		args = append(args, "-c", setting)
	}
	c := &cluster{programs: b.programs, port: port, dir: b.dir}
	c.program, err = begin(ctx, owner, dir, filepath.Join(b.dir, "postgres.log"), nil, syscall.SIGQUIT, b.programs.postgres, args...)
	if err != nil {
		return nil, err
	}
	err = c.program.await(func() bool {
		_, err := c.sql(ctx, "postgres", "SELECT 1")
		return err == nil
	})
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) stop() error { return c.program.stop(syscall.SIGQUIT) }

func (c *cluster) args(more ...string) []string {
	return append([]string{"-h", "127.0.0.1", "-p", c.port, "-U", "postgres"}, more...)
}

func (c *cluster) url(database string) string {
	return "postgres://postgres@" + net.JoinHostPort("127.0.0.1", c.port) + "/" + database + "?sslmode=disable"
}

// sql runs statements, one after the other, and returns what they print.
func (c *cluster) sql(ctx context.Context, database string, statements ...string) (string, error) {
	args := c.args("-d", database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
	for _, s := range statements {
		args = append(args, "-c", s)
	}
	return do(ctx, nil, c.dir, nil, c.programs.psql, args...)
}

// settle lets what a load has left be done before the next measurement.
func (c *cluster) settle(ctx context.Context, database string) error {
	if _, err := c.sql(ctx, database, "VACUUM ANALYZE", "CHECKPOINT"); err != nil {
		return err
	}
	return rest(ctx, time.Second)
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
