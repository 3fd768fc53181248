// Command bench measures the service beside the limits of the machine that it runs on: `task bench`.
//
// It builds the service, runs it as a process of its own on SQLite and on PostgreSQL (a temporary cluster of local
// binaries), drives it over loopback, and measures each limit right before and after, so that a machine that is
// slower today is slower for both. It needs Linux, wrk, and PostgreSQL's server and client programs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// What every measurement has in common.
const (
	connections  = 32
	stormClients = 64
	hotSessions  = 1_000 // logged in, and used in turn
	smallTable   = 1_000
	largeTable   = 1_000_000
	bcryptCost   = 10
)

// The longest that a whole run takes, and one program that it starts.
const (
	runTime     = time.Hour
	programTime = 5 * time.Minute
)

// bench is one run.
type bench struct {
	seconds  int
	only     *regexp.Regexp
	profiles string // the folder that CPU profiles are kept in; empty: in none
	environ  []string
	dir      string // everything that is temporary
	binary   string // the service
	programs programs
	postgres *cluster // nil until it is needed
	sites    int      // that were prepared
	rows     []row
	profiled []profile
	busy     float64 // the share of the machine that others used, before or after
}

// Programs that this one starts end with the thread that started them: the main one, and nothing is started on
// another.
func init() { runtime.LockOSThread() }

func main() {
	seconds := flag.Int("seconds", 8, "how long each measurement takes, 1 to 120")
	only := flag.String("only", "", "measure only the rows whose name matches this `regexp`, and leave the document alone")
	out := flag.String("out", "docs/performance.md", "the `file` that a whole run is written to")
	profiles := flag.String("profiles", "", "a `folder` to keep the service's CPU profiles in")
	var environ []string
	flag.Func("env", "a `NAME=value` to try in the service's environment, any number of times; leaves the document alone", func(pair string) error {
		environ = append(environ, pair)
		return nil
	})
	bare := flag.Bool("bare-fiber", false, "be the bare Fiber handler that the service is compared with")
	flag.Parse()
	if *bare {
		fail(bareFiber(os.Stdout))
		return
	}
	pattern, err := regexp.Compile(*only)
	if err != nil || *seconds < 1 || *seconds > 120 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	b := &bench{seconds: *seconds, only: pattern, profiles: *profiles, environ: environ}
	if *only != "" || len(environ) > 0 {
		*out = ""
	}
	if err := b.run(ctx, *out); err != nil {
		stop()
		fail(err)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything that is asked for, prints it, and writes it to out, unless that is empty.
func (b *bench) run(ctx context.Context, out string) (err error) {
	if b.programs, err = findPrograms(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "coffeeshop-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := os.Chmod(b.dir, 0o711); err != nil { //nolint:gosec // PostgreSQL runs as another user and has to get through
		return err
	}
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o750); err != nil {
			return err
		}
	}
	b.progress("building the service")
	if b.binary, err = build(ctx, b.dir); err != nil {
		return err
	}
	defer func() {
		if b.postgres != nil {
			err = errors.Join(err, b.postgres.stop())
		}
	}()
	if b.busy, err = busy(ctx); err != nil {
		return err
	}
	for _, engine := range []string{sqlite, postgres} {
		if err := b.engine(ctx, engine); err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
	}
	after, err := busy(ctx)
	if err != nil {
		return err
	}
	b.busy = max(b.busy, after)
	machine, err := describe(ctx, b)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%s\n%s\n%s", machine, table(b.rows), profileText(b.profiled))
	if out == "" {
		return nil
	}
	return os.WriteFile(out, []byte(document(machine, b.rows, b.profiled, b.seconds)), 0o644) //nolint:gosec // a document for everybody
}

func (b *bench) wanted(name string) bool { return b.only.MatchString(name) }

// progress goes to the error output, so that the other one holds only the table.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

func (b *bench) add(r row) {
	b.rows = append(b.rows, r)
	b.progress("%s", r)
}
