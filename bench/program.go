package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// account is whom a program runs as.
type account struct{ uid, gid int }

// programs are the paths of those that are not part of this module.
type programs struct{ wrk, initdb, postgres, psql string }

// findPrograms looks in PATH, and for PostgreSQL's first where Debian keeps the newest version.
func findPrograms() (p programs, err error) {
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	version := func(bin string) int { n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))); return n }
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	folders := slices.Concat(installed, filepath.SplitList(os.Getenv("PATH")))
	for _, want := range []struct {
		name string
		path *string
	}{{"wrk", &p.wrk}, {"initdb", &p.initdb}, {"postgres", &p.postgres}, {"psql", &p.psql}} {
		for _, folder := range folders {
			if *want.path, err = exec.LookPath(filepath.Join(folder, want.name)); err == nil {
				break
			}
		}
		if err != nil {
			return p, fmt.Errorf("%s is not installed", want.name)
		}
	}
	return p, nil
}

// program is one that runs beside this one.
type program struct {
	name  string
	cmd   *exec.Cmd
	log   string // the file that its output goes to; empty: output has it
	out   bytes.Buffer
	ended chan struct{}
	err   error // of its end, once ended is closed
}

// begin starts a program. It gets nothing of this one's environment but PATH.
func begin(ctx context.Context, as *account, dir, log string, environ []string, end syscall.Signal, path string, args ...string) (*program, error) {
	p := &program{name: filepath.Base(path), log: log, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, path, args...) //nolint:gosec // what is installed, or was built here
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(end) }
	p.cmd.WaitDelay = 20 * time.Second
	p.cmd.Dir, p.cmd.SysProcAttr = dir, attributes(as, end)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}, environ...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if log != "" {
		file, err := os.Create(log)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // the program has its own descriptor
		p.cmd.Stdout, p.cmd.Stderr = file, file
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// output waits for the end of a program and returns what it printed.
func (p *program) output() (string, error) {
	<-p.ended
	if p.err != nil {
		return "", fmt.Errorf("%s: %w\n%s", p.name, p.err, p.told())
	}
	return p.out.String(), nil
}

// told is the end of what the program printed.
func (p *program) told() string {
	const most = 4 << 10
	text := p.out.String()
	if p.log != "" {
		data, _ := os.ReadFile(p.log)
		text = string(data)
	}
	return text[max(0, len(text)-most):]
}

// stop asks the program to end and waits; it is killed when it does not.
func (p *program) stop(by syscall.Signal) error {
	if err := p.cmd.Process.Signal(by); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s had to be killed\n%s", p.name, p.told())
	}
	return nil
}

// await calls ready every few milliseconds until it says yes, the program has ended, or a minute has gone by.
func (p *program) await(ready func() bool) error {
	deadline := time.Now().Add(time.Minute)
	for !ready() {
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended (%w)\n%s", p.name, p.err, p.told())
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer\n%s", p.name, p.told())
		}
	}
	return nil
}

// do runs a program to its end and returns its output.
func do(ctx context.Context, as *account, dir string, environ []string, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, programTime)
	defer cancel()
	p, err := begin(ctx, as, dir, "", environ, syscall.SIGKILL, path, args...)
	if err != nil {
		return "", err
	}
	return p.output()
}

// freePort is one that nobody listens on at the moment.
func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
