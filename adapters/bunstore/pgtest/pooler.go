package pgtest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// poolerConns are the connections of a pooler to the server. They are few, so that they change hands.
const poolerConns = 5

// Pooled returns the URL of a new, empty database that is reached through PgBouncer, with five connections, in a mode:
// transaction or session. Where PgBouncer is not installed, the test is skipped, or, with REQUIRE_POOLER=1, fails.
func Pooled(t testing.TB, mode string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	if err != nil && os.Getenv("REQUIRE_POOLER") != "1" {
		t.Skip("PgBouncer is not installed") // .ci/run installs it
	}
	u, errURL := url.Parse(New(t))
	port, errPort := freePort()
	owner, errOwner := serverUser()
	if err := errors.Join(err, errURL, errPort, errOwner); err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pooler-") //nolint:usetesting // a folder of the test is closed to the user that PgBouncer runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	as := "user=" + u.User.Username()
	if password, ok := u.User.Password(); ok {
		as += " password='" + password + "'"
	}
	settings := filepath.Join(folder, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%[1]s = host=%[2]s port=%[3]s dbname=%[1]s %[4]s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %[5]s\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = %[6]s\ndefault_pool_size = %[7]d\nmax_client_conn = 500\n",
		u.Path[1:], u.Hostname(), u.Port(), as, port, mode, poolerConns)
	if mode == "session" {
		text += "default_pool_size = 50\n" // each client keeps one
	}
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if owner != nil {
		if err := errors.Join(os.Chown(folder, owner.uid, owner.gid), os.Chown(settings, owner.uid, owner.gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-q", settings)
	cmd.Dir, cmd.SysProcAttr = folder, attributes(owner)
	ended, err := launch(cmd)
	if err != nil {
		t.Fatal("start PgBouncer: ", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // in this version: at once
		<-ended
	})
	u.Host, u.RawQuery = net.JoinHostPort("127.0.0.1", port), "sslmode=disable&default_query_exec_mode=exec" // of pgx, for those who do not say
	if err := (server{url: u}).answers(ended); err != nil {
		t.Fatal("PgBouncer does not answer: ", err)
	}
	return u.String()
}
