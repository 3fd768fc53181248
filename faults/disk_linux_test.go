//go:build faults

package faults_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// disk is a file system of 8 MiB.
func disk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root mounts file systems")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return dir
}

func TestDisk_IsFull(t *testing.T) {
	m, dir := newMails(t), disk(t)
	data := filepath.Join(dir, "data")
	s := newService(t, append(m.environ(), "DATA_DIR="+data)...)
	s.start()
	access, _ := s.login()
	var refused answer
	signedUp := 0
	for ; refused.status == 0 && signedUp < 20_000; signedUp++ {
		if a := s.signUp(fmt.Sprintf("u%d@example.com", signedUp)); a.status != 201 {
			refused = a
		}
	}
	if refused.status != 503 || refused.header.Get("Retry-After") == "" {
		t.Errorf("of a full disk: %s", refused)
	}
	if a := s.call("GET", "/users/me", access, nil); a.status != 200 {
		t.Errorf("reading on a full disk: %s", a)
	}
	mount(t, "-o", "remount,size=64m", dir)
	if a := s.signUp("later@example.com"); a.status != 201 {
		t.Errorf("with room again: %s", a)
	}
	s.stop()
	db, err := sql.Open("sqlite", filepath.Join(data, "coffeeshop.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("%s, %v", verdict, err)
	}
	tell(t, "SQLite: a disk of 8 MiB is full", "a clear error; `integrity_check` is ok; works again afterwards",
		"after %d sign-ups %d `%s`; reading goes on; %s; works again without a restart", signedUp, refused.status, refused.text("code"), verdict)
}

func TestDisk_IsReadOnly(t *testing.T) {
	dir := disk(t)
	s := newService(t, "DATA_DIR="+filepath.Join(dir, "data"))
	s.start()
	s.stop()
	mount(t, "-o", "remount,ro", dir)
	if err := os.Truncate(s.log, 0); err != nil {
		t.Fatal(err)
	}
	s.launch()
	err := s.cmd.Wait()
	s.cmd = nil
	told := s.tail()
	if err == nil || strings.Contains(told, "goroutine ") || !strings.Contains(told, "coffeeshop: ") {
		t.Errorf("ended with %v, and told %q", err, told)
	}
	mount(t, "-o", "remount,rw", dir)
	s.start()
	s.login()
	tell(t, "SQLite: mounted read-only before the start", "a clear error; works again afterwards", "`%s`; works again", strings.TrimSpace(strings.ReplaceAll(told, dir, "…")))
}
