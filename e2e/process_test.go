package e2e_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/adapters/mail/mailbox"
	"coffeeshop/bootstrap"
)

// The test binary is also the programs that the tests run beside themselves.
const role = "COFFEESHOP_E2E_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "serve":
		os.Exit(bootstrap.Main([]string{"serve"}, ""))
	case "verify":
		os.Exit(verifyStdin())
	}
	pgtest.Main(m)
}

// another is this binary in another role.
func another(t *testing.T, as string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Dir = t.TempDir()
	cmd.Env = append(env, role+"="+as, "PATH="+os.Getenv("PATH"))
	return cmd
}

// replicas runs so many server processes on one PostgreSQL.
func replicas(t *testing.T, n int) []*service {
	t.Helper()
	url, box := pgtest.New(t), t.TempDir()
	var all []*service
	for range n {
		all = append(all, process(t, box, "DATABASE_URL="+url, "DATA_DIR="+t.TempDir()))
	}
	return all
}

// process runs a server process with a mailbox.
func process(t *testing.T, box string, env ...string) *service {
	t.Helper()
	mails, err := mailbox.New(box)
	if err != nil {
		t.Fatal(err)
	}
	cmd := another(t, "serve", append(env, "HTTP_ADDR=127.0.0.1:0", "BCRYPT_COST=4", "SECRET_KEY=one secret that the replicas share between them",
		"MAILBOX_DIR="+box, "ADMIN_EMAIL="+adminEmail, "ADMIN_PASSWORD="+adminPassword)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cmd) })
	return &service{Running: &bootstrap.Running{URL: address(t, bufio.NewScanner(out))}, mails: mails}
}

// address is where a server says that it listens.
func address(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 2 && fields[0] == "API" {
			go func() {
				for lines.Scan() { // the log that follows
				}
			}()
			return fields[1]
		}
	}
	t.Fatal("the server did not start")
	return ""
}

func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	killed := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	_ = cmd.Wait()
}
