package bunstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const writers = 16

func init() {
	roles["write"], roles["on a full disk"], roles["on a failing one"] = writeUntilKilled, writeOnAFullDisk, writeOnAFailingDisk
}

// another is this binary in a role, on a file.
func another(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleVar+"="+role, fileVar+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// newPair is a user and its session, which belong together.
func newPair() (domain.User, domain.Session, domain.RefreshToken) {
	now := time.Now()
	id := uuid.New()
	email := domain.Email{Address: id.String() + "@example.org", Key: id.String() + "@example.org"}
	u := domain.NewUser(id, email, domain.NewPasswordHash(strings.Repeat("hash", 40)), domain.LocaleEnglish, now)
	u.Verify(now)
	s, token := domain.NewSession(id, u.ID, uuid.New(), domain.Source{}, now,
		domain.SessionLimits{Access: time.Hour, Refresh: time.Hour, Session: time.Hour})
	return u, s, token
}

// writePair writes a user and its session in one transaction, and returns the user's id.
func writePair(ctx context.Context, db *bunstore.DB) (uuid.UUID, error) {
	u, s, token := newPair()
	return u.ID, db.InTx(ctx, func(tx ports.Store) error {
		if err := tx.Users().Create(ctx, u); err != nil {
			return err
		}
		return tx.Sessions().Create(ctx, s, token)
	})
}

func writeUntilKilled(path string) error {
	ctx := context.Background()
	db, err := bunstore.Open(ctx, bunstore.Config{SQLitePath: path}, nil)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error)
	for range writers {
		go func() {
			for {
				id, err := writePair(ctx, db)
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

func TestSQLite_KeepsWhatWasAnsweredWhenItsProcessIsKilled(t *testing.T) {
	t.Parallel()
	cfg := onSQLite(t)
	migrate(t, open(t, cfg))
	answered := 0
	for range 20 {
		cmd := another(t, "write", cfg.SQLitePath)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var ids []string
		enough := writers + rand.IntN(4*writers) // however fast the machine is
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if ids = append(ids, lines.Text()); len(ids) == enough {
				time.AfterFunc(rand.N(5*time.Millisecond), func() { _ = cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("the process was not killed: %v", err)
		}
		// The last line may be cut.
		if len(ids) > 0 && len(ids[len(ids)-1]) < 36 {
			ids = ids[:len(ids)-1]
		}
		answered += len(ids)
		checkPairs(t, cfg, ids, nil)
	}
	if answered < 20*writers {
		t.Errorf("only %d writes were answered", answered)
	}
}

// checkPairs looks into the file: every user has its session and every session its user, those that were answered are
// there, and those that were refused are not.
func checkPairs(t *testing.T, cfg bunstore.Config, answered, refused []string) {
	t.Helper()
	db := behind(t, cfg)
	defer func() { _ = db.Close() }()
	there := map[string]bool{}
	for _, id := range query(t, db, "SELECT id FROM users", func(scan func(...any) error) (id string, err error) { return id, scan(&id) }) {
		there[id] = true
	}
	for _, id := range answered {
		if !there[id] {
			t.Errorf("%s was answered, and is missing", id)
		}
	}
	for _, id := range refused {
		if there[id] {
			t.Errorf("%s was refused, and is there", id)
		}
	}
	var halves int
	var whole string
	err := errors.Join(
		db.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM sessions)) + "+
			"(SELECT count(*) FROM sessions WHERE id NOT IN (SELECT session_id FROM refresh_tokens))").Scan(&halves),
		db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&whole))
	if err != nil || halves != 0 || whole != "ok" {
		t.Errorf("%d halves are there; the integrity check says %q: %v", halves, whole, err)
	}
}

// writeWhileItFails writes from several goroutines until the disk has failed many of them, mends the disk, and writes
// again. It prints the ids that were answered and those that were refused.
func writeWhileItFails(path string, mend func() error) error {
	ctx := context.Background()
	db, err := bunstore.Open(ctx, bunstore.Config{SQLitePath: path}, nil)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	answered, refused, others := 0, 0, error(nil)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for {
				id, err := writePair(ctx, db)
				mu.Lock()
				switch {
				case err == nil:
					answered++
					fmt.Println("answered", id)
				case errors.Is(err, domain.ErrUnavailable):
					refused++
					fmt.Println("refused", id)
				default:
					others = errors.Join(others, err)
				}
				enough := refused > 200 || others != nil || answered > 100_000
				mu.Unlock()
				if enough {
					return
				}
			}
		})
	}
	all.Wait()
	if others != nil || refused == 0 {
		return fmt.Errorf("%d writes were refused, others failed: %w", refused, others)
	}
	if err := mend(); err != nil {
		return err
	}
	for range 10 {
		id, err := writePair(ctx, db)
		if err != nil {
			return fmt.Errorf("with a disk that is well again: %w", err)
		}
		fmt.Println("answered", id)
	}
	return db.Close()
}

// writeOnAFullDisk works on a small disk in memory, which only this process sees, and copies the file from there.
func writeOnAFullDisk(path string) error {
	disk := filepath.Dir(path)
	if err := errors.Join(
		syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=3m"),
	); err != nil {
		return err
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		return err
	}
	return onNewFile(path, func() error { return writeWhileItFails(path, func() error { return os.Remove(ballast) }) })
}

// writeOnAFailingDisk gets an I/O error for each write beyond a size.
func writeOnAFailingDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 1 << 20
	return onNewFile(path, func() error {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
			return err
		}
		return writeWhileItFails(path, func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) })
	})
}

// onNewFile makes the schema first, and has the file checked in the end.
func onNewFile(path string, write func() error) error {
	ctx := context.Background()
	db, err := bunstore.Open(ctx, bunstore.Config{SQLitePath: path}, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(db.Migrate(ctx, nil), db.Close(), write()); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal"} { // the second is there when the last checkpoint did not fit on the disk
		content, err := os.ReadFile(path + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err := errors.Join(err, os.WriteFile(os.Getenv(copyVar)+suffix, content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

const copyVar = "BUNSTORE_TEST_COPY"

func TestSQLite_OnADiskThatFailsTellsEachCallerWhatHappened(t *testing.T) {
	t.Parallel()
	for role, attributes := range map[string]*syscall.SysProcAttr{
		"on a full disk":   {Cloneflags: syscall.CLONE_NEWNS},
		"on a failing one": nil,
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			if attributes != nil && os.Geteuid() != 0 {
				t.Skip("only root can make a small disk")
			}
			cfg := onSQLite(t)
			cmd := another(t, role, filepath.Join(t.TempDir(), "test.db"))
			cmd.Env = append(cmd.Env, copyVar+"="+cfg.SQLitePath)
			cmd.SysProcAttr = attributes
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string][]string{}
			for line := range strings.Lines(string(out)) {
				if outcome, id, found := strings.Cut(strings.TrimSpace(line), " "); found {
					ids[outcome] = append(ids[outcome], id)
				}
			}
			t.Logf("%d answered, %d refused", len(ids["answered"]), len(ids["refused"]))
			checkPairs(t, cfg, ids["answered"], ids["refused"])
		})
	}
}
