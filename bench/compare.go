package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// comparison is a load that is measured on the baseline and on the present revision.
type comparison struct {
	op, what string
	run      func(ctx context.Context, r *running, seconds int) (sample, error)
}

// Refresh comes after me, which reads one statement more of a session whose generation has moved on.
var comparisons = []comparison{
	{op: opMe, what: calls[opMe], run: operation(opMe)},
	{op: opLogin, what: calls[opLogin], run: operation(opLogin)},
	{op: opStorm, what: "storm: " + calls[opMe], run: func(ctx context.Context, r *running, seconds int) (sample, error) {
		me, _, err := r.both(ctx, seconds)
		return me, err
	}},
	{op: opStorm, what: "storm: " + calls[opLogin], run: func(ctx context.Context, r *running, seconds int) (sample, error) {
		_, logins, err := r.both(ctx, seconds)
		return logins, err
	}},
	{op: opRefresh, what: calls[opRefresh], run: operation(opRefresh)},
	{op: opSingle, what: calls[opRefresh] + ", 1 connection", run: func(ctx context.Context, r *running, seconds int) (sample, error) {
		return refresh(ctx, r.addr, r.tokens, 1, time.Duration(seconds)*time.Second)
	}},
	{op: opBeside, what: calls[opMe] + " beside 16 connections that refresh", run: func(ctx context.Context, r *running, seconds int) (sample, error) { return r.beside(ctx, seconds) }},
}

// cheap are loads of a service whose hashes cost next to nothing, so that the rest can be seen.
var cheap = []comparison{
	{op: opCheap, what: "POST /auth/signup, cheap hashes", run: signUps(math.MaxInt)},
	{op: opCheap, what: calls[opLogin] + ", cheap hashes", run: operation(opLogin)},
}

// mailed is a load that leaves no more mails than are delivered before the next turn.
var mailed = []comparison{{op: opCheap, what: "POST /auth/signup, cheap hashes, with mails", run: signUps(10)}}

func signUps(most int) func(ctx context.Context, r *running, seconds int) (sample, error) {
	return func(ctx context.Context, r *running, seconds int) (sample, error) {
		return r.signUp(ctx, seconds, most)
	}
}

func operation(op string) func(ctx context.Context, r *running, seconds int) (sample, error) {
	return func(ctx context.Context, r *running, seconds int) (sample, error) { return r.once(ctx, op, seconds) }
}

// ratio is one line of the comparison: the figures of the baseline and of the present revision.
type ratio struct {
	what, engine string
	samples      [2]sample
	processor    [2]time.Duration // a request
	start        [2]time.Duration
	memory       [2]int64
}

var ratioHeads = []string{"what", "database", "baseline", "now", "ratio", "CPU ms", "now", "p50 ms", "now", "p99 ms", "now"}

func (r ratio) cells() []string {
	cells := make([]string, len(ratioHeads))
	cells[0], cells[1] = r.what, r.engine
	var of [2]float64
	for i := range 2 {
		switch s := r.samples[i]; {
		case r.start[i] > 0:
			of[i], cells[2+i] = float64(r.start[i]), milliseconds(r.start[i])+" ms"
		case r.memory[i] > 0:
			of[i], cells[2+i] = float64(r.memory[i]), strconv.FormatInt(r.memory[i]>>20, 10)+" MiB"
		default:
			of[i], cells[2+i] = s.rate(), grouped(s.rate())+"/s"
			cells[5+i], cells[7+i], cells[9+i] = milliseconds(r.processor[i]), milliseconds(s.p50), milliseconds(s.p99)
		}
	}
	cells[4] = fmt.Sprintf("%.2f", of[1]/of[0])
	return cells
}

// compare measures a baseline revision and the present one in alternation, and prints a table.
func (b *bench) compare(ctx context.Context, revision string) (err error) {
	baseline, err := b.buildBaseline(ctx, revision)
	if err != nil {
		return err
	}
	lines := [][]string{ratioHeads}
	machine, err := b.machine(ctx, func() error {
		for _, engine := range []string{sqlite, postgres} {
			rows, err := b.compareOn(ctx, engine, [2]string{baseline, b.binary})
			for _, r := range rows {
				lines = append(lines, r.cells())
			}
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
		}
		return nil
	})
	fmt.Fprintf(os.Stdout, "%s\nThe baseline is %s. Each figure comes from %d turns of %d seconds.\n\n%s", machine, revision, turns, (b.seconds+1)/2, markdown(lines, 2, 10))
	return err
}

// buildBaseline builds the service of another revision in a worktree, which it removes.
func (b *bench) buildBaseline(ctx context.Context, revision string) (binary string, err error) {
	b.progress("building %s", revision)
	source := filepath.Join(b.dir, "baseline")
	if _, err := do(ctx, nil, ".", nil, "git", "worktree", "add", "--detach", source, revision); err != nil {
		return "", err
	}
	defer func() {
		_, errRemove := do(ctx, nil, ".", nil, "git", "worktree", "remove", "--force", source)
		err = errors.Join(err, errRemove)
	}()
	return build(ctx, source, filepath.Join(b.dir, "coffeeshop-baseline"))
}

func (b *bench) compareOn(ctx context.Context, engine string, binaries [2]string) (rows []ratio, err error) {
	sites, err := b.preparePair(ctx, engine, binaries, bcryptCost)
	if err != nil {
		return nil, err
	}
	if b.wanted(opStart + " " + engine) {
		r := ratio{what: "start to ready", engine: engine}
		for i, s := range sites {
			if r.start[i], _, err = b.startTime(ctx, s); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	loaded, err := b.compareLoads(ctx, engine, sites, comparisons)
	rows = append(rows, loaded...)
	if err != nil || !b.wanted(opCheap+" "+engine) {
		return rows, err
	}
	if sites, err = b.preparePair(ctx, engine, binaries, bcrypt.MinCost); err != nil {
		return rows, err
	}
	loaded, err = b.compareLoads(ctx, engine, sites, cheap, "RUN_JOBS=false")
	rows = append(rows, loaded...)
	if err != nil {
		return rows, err
	}
	if sites, err = b.preparePair(ctx, engine, binaries, bcrypt.MinCost); err != nil { // without the jobs of those turns
		return rows, err
	}
	sink, err := beginSink()
	if err != nil {
		return rows, err
	}
	loaded, err = b.compareLoads(ctx, engine, sites, mailed, "EMAIL_PORT="+sink.port)
	return append(rows, loaded...), errors.Join(err, sink.stop())
}

func (b *bench) preparePair(ctx context.Context, engine string, binaries [2]string, cost int) (sites [2]*site, err error) {
	for i, binary := range binaries {
		if sites[i], err = b.prepare(ctx, binary, engine, smallTable, cost); err != nil {
			return sites, err
		}
	}
	return sites, nil
}

func (b *bench) compareLoads(ctx context.Context, engine string, sites [2]*site, loads []comparison, env ...string) (rows []ratio, err error) {
	idle, most := ratio{what: "memory when idle", engine: engine}, ratio{what: "memory under load", engine: engine}
	var both pair
	defer func() { err = both.stop(err) }()
	for i, s := range sites {
		if both[i], err = b.running(ctx, s, env...); err != nil {
			return nil, err
		}
		if idle.memory[i], err = both[i].idleMemory(ctx); err != nil {
			return nil, err
		}
	}
	for _, c := range loads {
		if !b.wanted(c.op + " " + engine) {
			continue
		}
		b.progress("%s: %s", engine, c.what)
		r := ratio{what: c.what, engine: engine}
		var used [2]usage
		r.samples, used, err = both.alternate(ctx, func(r *running, seconds int) (sample, error) { return c.run(ctx, r, seconds) })
		if err != nil {
			return rows, err
		}
		for i := range 2 {
			r.processor[i] = used[i].processor / time.Duration(r.samples[i].requests)
			most.memory[i] = max(most.memory[i], used[i].memory)
		}
		rows = append(rows, r)
	}
	if b.wanted(opMemory+" "+engine) && most.memory[0] > 0 {
		rows = append(rows, idle, most)
	}
	return rows, nil
}
