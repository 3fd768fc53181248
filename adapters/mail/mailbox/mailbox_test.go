package mailbox

import (
	"errors"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coffeeshop/adapters/mail"
	"coffeeshop/domain"
)

func message(subject string) mail.Message {
	return mail.Message{ID: "1@example.com", From: netmail.Address{Name: "Кофейня", Address: "no-reply@example.com"}, To: "ann@example.com", Subject: subject,
		Date: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Text: "Код 123456 =\n.\nконец", HTML: "<p>Код</p>"}
}

func open(t *testing.T) (*Mailbox, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data", "mailbox")
	b, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b, dir
}

func TestDeliver_TheMailComesBackDecoded(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	if err := b.Deliver(t.Context(), message("Подтвердите адрес электронной почты, пожалуйста, сейчас")); err != nil {
		t.Fatal(err)
	}
	mails, err := b.List(t.Context())
	if err != nil || len(mails) != 1 {
		t.Fatalf("%v, %v", mails, err)
	}
	want := Mail{Name: mails[0].Name, From: "Кофейня <no-reply@example.com>", To: "<ann@example.com>",
		Subject: "Подтвердите адрес электронной почты, пожалуйста, сейчас", Date: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Text: "Код 123456 =\n.\nконец", HTML: "<p>Код</p>"}
	got, err := b.Read(t.Context(), mails[0].Name)
	got.From = strings.ReplaceAll(got.From, `"`, "")
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, want.Name): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestDeliver_ReadersSeeWholeMailsOnlyAndNamesNeverCollide(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	const n = 100
	var writers sync.WaitGroup
	for range n {
		writers.Go(func() {
			if err := b.Deliver(t.Context(), message("x")); err != nil {
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			if m, err := b.Read(t.Context(), entry.Name()); err != nil || m.HTML != "<p>Код</p>" {
				t.Fatalf("a part of a mail: %+v, %v", m, err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != n {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestDeliver_MakesTheFolderAgainWhenSomebodyTidiedUp(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if mails, err := b.List(t.Context()); err != nil || len(mails) != 0 {
		t.Errorf("%v, %v", mails, err)
	}
	if err := b.Deliver(t.Context(), message("x")); err != nil {
		t.Error(err)
	}
}

func TestList_IsNewestFirstAndLeavesOutWhatIsNoMail(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	for _, subject := range []string{"1", "2", "3"} {
		if err := b.Deliver(t.Context(), message(subject)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"zz.eml": "no mail", "notes.txt": "x", ".zz.tmp": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mails, err := b.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var subjects string
	for _, m := range mails {
		subjects += m.Subject
	}
	if subjects != "321" {
		t.Errorf("order %q", subjects)
	}
}

func TestRead_DoesNotLeaveTheFolder(t *testing.T) {
	t.Parallel()
	b, dir := open(t)
	secret := filepath.Join(filepath.Dir(dir), "secret.eml")
	if err := os.WriteFile(secret, []byte("Date: Wed, 04 Mar 2026 05:06:07 +0000\r\nContent-Type: text/plain\r\n\r\nsecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link.eml")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret.eml", secret, "x/../../secret.eml", `..\secret.eml`, "", ".", "..", ".eml", "a\x00.eml", "absent.eml"} {
		if _, err := b.Read(t.Context(), name); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if m, err := b.Read(t.Context(), "link.eml"); err == nil {
		t.Errorf("a link led out: %+v", m)
	}
}
