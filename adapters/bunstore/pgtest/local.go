package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const localTime = 30 * time.Second

func local() (server, error) {
	initdb, postgres, err := programs()
	if err != nil {
		return server{}, err
	}
	owner, err := serverUser()
	if err != nil {
		return server{}, err
	}
	folder, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return server{}, err
	}
	remove := func() error { return os.RemoveAll(folder) }
	if owner != nil {
		if err := os.Chown(folder, owner.uid, owner.gid); err != nil {
			return server{}, errors.Join(err, remove())
		}
	}
	data := filepath.Join(folder, "data")
	create := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	create.Dir, create.SysProcAttr = folder, attributes(owner)
	if out, err := create.CombinedOutput(); err != nil {
		return server{}, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), remove())
	}
	var errs []error
	for range 3 { // somebody else may take the port before the server does
		s, err := serve(postgres, folder, data, owner)
		if err == nil {
			end := s.stop
			s.stop = func() error { return errors.Join(end(), remove()) }
			return s, nil
		}
		errs = append(errs, err)
	}
	return server{}, errors.Join(append(errs, remove())...)
}

// programs finds initdb and postgres, of the newest version that is installed.
func programs() (initdb, postgres string, err error) {
	folders := filepath.SplitList(os.Getenv("PATH"))
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	for _, folder := range append(folders, installed...) {
		initdb, postgres = filepath.Join(folder, "initdb"), filepath.Join(folder, "postgres")
		_, err1 := exec.LookPath(initdb)
		_, err2 := exec.LookPath(postgres)
		if err1 == nil && err2 == nil {
			return initdb, postgres, nil
		}
	}
	return "", "", errors.New("initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func serve(program, folder, data string, owner *account) (server, error) {
	port, err := freePort()
	if err != nil {
		return server{}, err
	}
	logFile, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return server{}, err
	}
	defer func() { _ = logFile.Close() }()
	cmd := exec.Command(program, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300")
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = folder, attributes(owner), logFile, logFile

	ended, err := launch(cmd)
	if err != nil {
		return server{}, err
	}
	end := func() error {
		if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-ended
		return nil
	}
	s := server{&url.URL{Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort("127.0.0.1", port),
		Path: "/postgres", RawQuery: "sslmode=disable"}, end}
	if err := s.answers(ended); err != nil {
		out, _ := os.ReadFile(logFile.Name())
		return server{}, errors.Join(fmt.Errorf("start postgres: %w\n%s", err, out), end())
	}
	return s, nil
}

// launch starts a program; ended is closed when it has ended.
func launch(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started, end := make(chan error), make(chan struct{})
	go func() {
		// The program gets its signal when the thread that started it ends: this one lasts as long as the program.
		runtime.LockOSThread()
		defer close(end)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	return end, <-started
}

// answers waits until the server does, or has ended.
func (s server) answers(ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), localTime)
	defer cancel()
	for {
		err := s.admin("SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return err
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// account is whom the server runs as, when it cannot run as whoever runs the tests: it refuses root.
type account struct{ uid, gid int }
