package bootstrap_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/bootstrap"
)

// patience is how long a test waits for what should take a moment.
const patience = 30 * time.Second

// asService makes this test binary the service, with whatever it was built with, such as the race detector.
const asService = "COFFEESHOP_TEST_AS_SERVICE"

// example explains one variable, as .env.example does.
const example = "# The work of one hash.\n#BCRYPT_COST=12\n"

func TestMain(m *testing.M) {
	if os.Getenv(asService) != "" {
		os.Exit(bootstrap.Main(os.Args[1:], example))
	}
	pgtest.Main(m)
}

// site is a working directory with an environment: where one installation lives.
type site struct {
	t       *testing.T
	dir     string
	environ []string
}

func newSite(t *testing.T, environ ...string) *site {
	t.Helper()
	t.Parallel()
	return anotherSite(t, environ...)
}

// anotherSite is newSite for a test that has one already.
func anotherSite(t *testing.T, environ ...string) *site {
	t.Helper()
	base := []string{asService + "=1", "HTTP_ADDR=127.0.0.1:0", "BCRYPT_COST=4"}
	return &site{t, t.TempDir(), append(base, environ...)}
}

// process is a running command.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{}
}

func (s *site) spawn(stdin string, environ []string, args ...string) *process {
	s.t.Helper()
	binary, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	p := &process{t: s.t, cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = s.dir, append(s.environ[:len(s.environ):len(s.environ)], environ...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = strings.NewReader(stdin), &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	s.t.Cleanup(func() { p.signal(syscall.SIGKILL); <-p.ended })
	return p
}

// run runs a command to its end.
func (s *site) run(stdin string, args ...string) *process {
	s.t.Helper()
	p := s.spawn(stdin, nil, args...)
	p.exit()
	return p
}

var address = regexp.MustCompile(`(?m)^  API +(http://\S+)$`)

// serve starts a server and waits for the address that it prints.
func (s *site) serve(environ ...string) *client {
	s.t.Helper()
	return s.spawn("", environ).client()
}

func (p *process) client() *client {
	p.t.Helper()
	var found []string
	p.until("its address", func() bool {
		found = address.FindStringSubmatch(p.out.String())
		return found != nil
	})
	return &client{p, found[1]}
}

// until waits for something that the process is going to do.
func (p *process) until(what string, happened func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !happened() {
		select {
		case <-p.ended:
			p.t.Fatalf("it ended before %s (%v)\n%s%s", what, p.cmd.ProcessState, p.out.String(), p.err.String())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s\n%s%s", what, p.out.String(), p.err.String())
		}
	}
}

func (p *process) signal(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
}

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-ctx.Done():
		p.t.Fatalf("it does not end\n%s%s", p.out.String(), p.err.String())
		return -1
	}
}

// stop ends a server by a signal, in order.
func (p *process) stop(s os.Signal) {
	p.t.Helper()
	p.signal(s)
	if code := p.exit(); code != 0 {
		p.t.Errorf("%v: exit code %d, want 0\n%s", s, code, p.err.String())
	}
}

// output is what a process has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
