package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Of the functions, those are shown whose shares are worth a line: this project's, and the heaviest that they call.
const (
	shown = `^coffeeshop/(application|adapters/[a-z]+)\.|serveConn$|blowfish\.ExpandKey$|huma/v2\.(Register|writeResponse)|` +
		`\(\*Conn\)\.Query$|lib\.Xsqlite3_(step|prepare_v2)$|syscall\.(read|write)$|libc\.Xfsync$|runtime\.(gcBgMarkWorker|mallocgc|mcall)$`
	hidden = `\.func[0-9]|bunstore\.(retry|scope\.)|hashqueue\.\(\*Queue\)|\.answer$`
)

const shownMost = 16

// profile is where the processors' time went during a load.
type profile struct {
	title string
	lines []string
}

// profile drives each operation once more, on a service that serves its CPU profile. Nothing is measured meanwhile.
func (b *bench) profile(ctx context.Context, engine string) (err error) {
	s, err := b.prepare(ctx, b.binary, engine, smallTable, bcryptCost)
	if err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	admin := net.JoinHostPort("127.0.0.1", port)
	r, err := b.running(ctx, s, "PPROF=true", "ADMIN_ADDR="+admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	for _, op := range []string{opMe, opLogin, opRefresh} {
		if _, err := r.once(ctx, op, 1); err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
		file := filepath.Join(b.dir, op+"-"+strings.ToLower(engine)+".pprof")
		var beside sync.WaitGroup
		var errProfile error
		beside.Go(func() {
			errProfile = save(ctx, file, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", admin, max(1, b.seconds-1)))
		})
		all, idle, err1 := machineTime()
		start := time.Now()
		_, used, err2 := r.watch(func() (sample, error) { return r.once(ctx, op, b.seconds) })
		took := time.Since(start)
		allAfter, idleAfter, err3 := machineTime()
		beside.Wait()
		if err := errors.Join(err1, err2, err3, errProfile); err != nil {
			return err
		}
		own := used.processor.Seconds() / took.Seconds() / float64(runtime.NumCPU())
		unused := float64(idleAfter-idle) / float64(max(1, allAfter-all))
		lines, err := heaviest(ctx, b.dir, file)
		if err != nil {
			return err
		}
		b.profiled = append(b.profiled, profile{fmt.Sprintf("%s, %s: the service had %.0f %% of the processors, client and database %.0f %%, nobody %.0f %%",
			calls[op], engine, 100*own, 100*(1-own-unused), 100*unused), lines})
	}
	return nil
}

func save(ctx context.Context, path, url string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(get(ctx, url, file), file.Close())
}

// heaviest returns the functions with the greatest shares, callees included, with those.
func heaviest(ctx context.Context, dir, file string) ([]string, error) {
	out, err := do(ctx, nil, dir, goEnviron(), "go", "tool", "pprof", "-top", "-cum", "-nodecount", "100", "-show", shown, "-hide", hidden, file)
	if err != nil {
		return nil, err
	}
	_, rows, found := strings.Cut(out, "cum%\n")
	if !found {
		return nil, fmt.Errorf("go tool pprof is not understood:\n%s", out)
	}
	var lines []string
	for row := range strings.Lines(rows) {
		if f := strings.Fields(row); len(f) > 5 && len(lines) < shownMost {
			name, _, _ := strings.Cut(f[5], "[") // of types
			lines = append(lines, fmt.Sprintf("%7s  %s", f[4], name))
		}
	}
	return lines, nil
}
