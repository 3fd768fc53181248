// Package mailbox keeps mails in a folder instead of sending them, for development: one RFC 5322 file a mail.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"coffeeshop/adapters/mail"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const (
	extension = ".eml"
	listMax   = 200
)

// Mailbox is a folder of mails. Its readers can enter any account.
type Mailbox struct {
	dir  string
	sync func(dir string) error
}

var _ mail.Transport = (*Mailbox)(nil)

// New returns the mailbox in dir, which it makes, for the owner only, if it is not there.
func New(dir string) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the mailbox: %w", err)
	}
	return &Mailbox{dir, syncFolder}, nil
}

// Deliver stores a mail: after a nil error it is on the disk. Readers see the whole of it or nothing.
func (b *Mailbox) Deliver(ctx context.Context, message mail.Message) error {
	m, err := message.Encode()
	if err != nil {
		return err
	}
	return b.store(ctx, m)
}

func (b *Mailbox) store(ctx context.Context, m io.WriterTo) error {
	id, err := uuid.NewV7() // sorts by time, also within a millisecond
	if err != nil {
		return fmt.Errorf("%w: name a mail: %w", ports.ErrNotTaken, err)
	}
	temporary := filepath.Join(b.dir, "."+id.String()+".tmp")
	if err := b.write(ctx, temporary, m); err != nil {
		return fmt.Errorf("%w: write a mail: %w", ports.ErrNotTaken, err)
	}
	if err := os.Rename(temporary, filepath.Join(b.dir, id.String()+extension)); err != nil {
		return fmt.Errorf("store a mail: %w", errors.Join(err, os.Remove(temporary)))
	}
	return b.sync(b.dir)
}

// write makes the file, or leaves none.
func (b *Mailbox) write(ctx context.Context, path string, m io.WriterTo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil { // it may have been deleted
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = m.WriteTo(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store a mail: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("store a mail: %w", err)
	}
	return nil
}

// List returns the newest 200 mails, newest first. Files that are no mails are left out.
func (b *Mailbox) List(ctx context.Context) ([]Mail, error) {
	entries, err := os.ReadDir(b.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the mailbox: %w", err)
	}
	var mails []Mail
	for _, entry := range slices.Backward(entries) { // ReadDir sorts by name
		if len(mails) == listMax {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if m, err := b.Read(ctx, entry.Name()); err == nil {
			mails = append(mails, m)
		}
	}
	return mails, nil
}

// Read returns a mail by its name; domain.ErrNotFound for any text that is not the name of one.
func (b *Mailbox) Read(ctx context.Context, name string) (Mail, error) {
	if err := ctx.Err(); err != nil {
		return Mail{}, err
	}
	if !strings.HasSuffix(name, extension) || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`+"\x00") {
		return Mail{}, domain.ErrNotFound
	}
	file, err := os.OpenInRoot(b.dir, name) // never leaves the folder, not even by links
	if errors.Is(err, fs.ErrNotExist) {
		return Mail{}, domain.ErrNotFound
	}
	if err != nil {
		return Mail{}, fmt.Errorf("open a mail: %w", err)
	}
	defer func() { _ = file.Close() }()
	m, err := parse(file)
	if err != nil {
		return Mail{}, fmt.Errorf("read the mail %s: %w", name, err)
	}
	m.Name = name
	return m, nil
}
