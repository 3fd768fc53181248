package mailbox

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"coffeeshop/adapters/mail/transporttest"
	"coffeeshop/ports"
	"coffeeshop/ports/portstest"
)

func TestMailbox_KeepsTheContractsOfTransports(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, func(t *testing.T) transporttest.Fixture {
		b, dir := open(t)
		return transporttest.Fixture{Transport: b, Delivery: portstest.Delivery{
			Arrived: func(t *testing.T) []portstest.Mail { return stored(t, dir) },
			Refuse:  func(t *testing.T) { fileInsteadOf(t, dir) },
			Lose:    func(*testing.T) { b.sync = func(string) error { return errors.New("the disk is ill") } },
		}}
	})
}

// stored reads the files as mails, with eyes other than the mailbox's own.
func stored(t *testing.T, dir string) (mails []portstest.Mail) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+extension)) // sorted, and the names sort by time
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, transporttest.Read(t, string(raw)))
	}
	return mails
}

// fileInsteadOf makes the folder a file: nothing can be stored there, not by root either.
func fileInsteadOf(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// failing is a mail that cannot be written.
type failing struct{ err error }

func (f failing) WriteTo(io.Writer) (int64, error) { return 0, f.err }

func TestDeliver_LeavesNothingBehindWhenItFails(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	full := errors.New("the disk is full")
	if err := b.store(t.Context(), failing{full}); !errors.Is(err, full) || !errors.Is(err, ports.ErrNotTaken) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}
