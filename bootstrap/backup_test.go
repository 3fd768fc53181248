package bootstrap_test

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
)

// unpack does what `tar -x -C folder` does.
func unpack(t *testing.T, archive, folder string) (names []string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for in := tar.NewReader(file); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil || !filepath.IsLocal(header.Name) {
			t.Fatalf("%v, %v", header, err)
		}
		content, err := io.ReadAll(in)
		to := filepath.Join(folder, header.Name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, content, 0o600)); err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
}

func TestBackup_RestoredElsewhereHasItsUsersTheirSessionsAndTheirPasswords(t *testing.T) {
	s := newSite(t, "JWT_KEYS_DIR=data/keys")
	s.ok("", "keys", "generate", "--alg", "EdDSA")
	server := s.serve()
	server.join(email, password)
	tokens := server.login(email, password)
	if told := s.ok("", "backup", "copy.tar"); !strings.Contains(told, "coffeeshop.db") { // beside the running server
		t.Errorf("told %q", told)
	}
	server.signUp("later@example.org", password)
	file := filepath.Join(s.dir, "copy.tar")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if p := s.run("", "backup", "copy.tar"); p.exit() != 1 {
		t.Error("an archive was overwritten")
	}
	if left, err := filepath.Glob(filepath.Join(s.dir, ".coffeeshop*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	server.stop(syscall.SIGTERM)

	other := anotherSite(t, "JWT_KEYS_DIR=data/keys")
	names := unpack(t, file, filepath.Join(other.dir, "data"))
	if !slices.Contains(names, "coffeeshop.db") || !slices.Contains(names, "secret_key") || len(names) != 3 {
		t.Errorf("packed %q", names)
	}
	server = other.serve()
	server.want(200, "GET", "/users/me", tokens.text("access_token"), nil)
	server.want(200, "POST", "/auth/refresh", "", fields{"refresh_token": tokens.text("refresh_token")})
	server.login(email, password)
	server.want(401, "POST", "/auth/login", "", fields{"email": "later@example.org", "password": password})
	server.stop(syscall.SIGTERM)
}

func TestBackup_OfPostgreSQLIsForItsOwnTools(t *testing.T) {
	s := newSite(t, "DATABASE_URL="+pgtest.New(t))
	if p := s.run("", "backup", "copy.tar"); p.exit() != 1 || !strings.Contains(p.err.String(), "pg_dump") {
		t.Errorf("exit code %d, told %q", p.exit(), p.err.String())
	}
	if _, err := os.Stat(filepath.Join(s.dir, "copy.tar")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// A backup comes before an upgrade: the new version must not change what it copies.
func TestBackup_CopiesADatabaseThatWaitsForItsMigration(t *testing.T) {
	s := newSite(t)
	s.ok("", "migrate", "up")
	s.ok("", "migrate", "down", "--yes")
	s.ok("", "backup", "copy.tar")
	if told := s.ok("", "migrate", "status"); !strings.Contains(told, "pending") {
		t.Errorf("the backup has migrated: %s", told)
	}
}

func TestBackup_IsRefusedWhenSomethingIsMissing(t *testing.T) {
	s := newSite(t)
	if p := s.run("", "backup", "copy.tar"); p.exit() != 1 || !strings.Contains(p.err.String(), "coffeeshop.db") {
		t.Errorf("of no database: exit code %d, told %q", p.exit(), p.err.String())
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	s.ok("", "migrate", "up")
	s.environ = append(s.environ, "JWT_KEYS_DIR=nowhere")
	if p := s.run("", "backup", "copy.tar"); p.exit() != 1 || !strings.Contains(p.err.String(), "nowhere") {
		t.Errorf("without its keys: exit code %d, told %q", p.exit(), p.err.String())
	}
}
