// Command bench measures the service beside the limits of the machine that it runs on: `task bench`.
//
// It builds the service, runs it as a process of its own on SQLite and on PostgreSQL (a temporary cluster of local
// binaries), and drives it over loopback. It measures each limit right before and after the service, so that a slow
// machine is slow for both. With -baseline it measures another revision beside this one instead, in alternation. It
// needs Linux, wrk, and PostgreSQL's server and client programs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
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
	dir      string // of all temporary files
	binary   string // the service of the present revision
	programs programs
	postgres *cluster // nil until it is needed
	sites    int      // that were prepared
	rows     []row
	profiled []profile
}

// Programs that this one starts end with the thread that started them: the main one, and nothing is started on
// another.
func init() { runtime.LockOSThread() }

func main() {
	if err := command(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command() error {
	seconds := flag.Int("seconds", 8, "how long each measurement takes, 1 to 120")
	only := flag.String("only", "", "measure only the rows whose name matches this `regexp`, and leave the document alone")
	out := flag.String("out", "docs/performance.md", "the `file` that a whole run is written to")
	baseline := flag.String("baseline", "", "compare this `revision` with the present one, and leave the document alone")
	lists := flag.String("lists", "", "measure lists and imports instead, and write them to this `file`")
	bare := flag.String("bare", "", "serve this bare `path`, which the service is compared with (used by the benchmark itself)")
	database := flag.String("database", "", "the `URL` of the bare path's database")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil || *seconds < 1 || *seconds > 120 || flag.NArg() > 0 {
		flag.Usage()
		return errors.New("these arguments are not understood")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	if *only != "" {
		*out = ""
	}
	b := &bench{seconds: *seconds, only: pattern}
	switch {
	case *bare != "":
		return serveBare(ctx, *bare, *database, os.Stdout)
	case *lists != "":
		return b.run(ctx, func(ctx context.Context) error { return b.lists(ctx, *lists) })
	case *baseline != "":
		return b.run(ctx, func(ctx context.Context) error { return b.compare(ctx, *baseline) })
	default:
		return b.run(ctx, func(ctx context.Context) error { return b.measure(ctx, *out) })
	}
}

// run prepares the folder and the present revision's binary for measure, and removes all that it leaves.
func (b *bench) run(ctx context.Context, measure func(ctx context.Context) error) (err error) {
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
	b.progress("building the service")
	if b.binary, err = build(ctx, ".", filepath.Join(b.dir, "coffeeshop")); err != nil {
		return err
	}
	defer func() {
		if b.postgres != nil {
			err = errors.Join(err, b.postgres.stop())
		}
	}()
	return measure(ctx)
}

// machine says what measure ran on, and how busy others kept it.
func (b *bench) machine(ctx context.Context, measure func() error) (string, error) {
	before, err := busy(ctx)
	if err != nil {
		return "", err
	}
	if err := measure(); err != nil {
		return "", err
	}
	after, err := busy(ctx)
	if err != nil {
		return "", err
	}
	return describe(ctx, b, max(before, after))
}

// measure measures the service beside its limits, prints the table, and writes it to the file out, unless that is
// empty.
func (b *bench) measure(ctx context.Context, out string) error {
	machine, err := b.machine(ctx, func() error {
		for _, engine := range []string{sqlite, postgres} {
			if err := b.engine(ctx, engine); err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
		}
		return nil
	})
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
