// Package userfile reads and writes users in files: JSON Lines and CSV, with the same names. docs/migrating.md describes
// them.
package userfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

// lineMost is how many bytes a line has at most: the longest user has less than a tenth of it.
const lineMost = 1 << 20

// line is a user in a file. The names are those of the API.
type line struct {
	ID           string         `json:"id,omitzero"`
	Email        string         `json:"email"`
	FirstName    string         `json:"first_name,omitzero"`
	LastName     string         `json:"last_name,omitzero"`
	Role         string         `json:"role,omitzero"`
	Status       string         `json:"status,omitzero"`
	Locale       string         `json:"locale,omitzero"`
	CreatedAt    time.Time      `json:"created_at,omitzero"`
	Blocked      bool           `json:"blocked,omitzero"`
	BlockedUntil time.Time      `json:"blocked_until,omitzero"`
	BlockReason  string         `json:"block_reason,omitzero"`
	Profile      jsontext.Value `json:"profile,omitzero"`
	AppData      jsontext.Value `json:"app_data,omitzero"`
	LegacyID     string         `json:"legacy_id,omitzero"`
	PasswordHash string         `json:"password_hash,omitzero"`
}

func (l line) record(n int) transfer.Record {
	return transfer.Record{
		Line: n, ID: l.ID, Email: l.Email, FirstName: l.FirstName, LastName: l.LastName, Role: l.Role, Status: l.Status, Locale: l.Locale,
		CreatedAt: l.CreatedAt, Blocked: l.Blocked, BlockedUntil: l.BlockedUntil, BlockReason: l.BlockReason, Profile: given(l.Profile), AppData: given(l.AppData),
		LegacyID: l.LegacyID, PasswordHash: domain.NewPasswordHash(l.PasswordHash),
	}
}

// given is a value unless it is null, which is as good as absent.
func given(v jsontext.Value) []byte {
	if string(v) == "null" {
		return nil
	}
	return v
}

// File is a file of users.
type File struct {
	file    *os.File
	csv     bool
	spooled bool // a copy of a stream, which goes with Close
}

// Open opens a file; "-" is in, which it copies first, since a file is read more than once. A file that begins with a brace
// holds JSON Lines, any other CSV.
func Open(path string, in io.Reader) (*File, error) {
	f := &File{}
	var err error
	if path != "-" {
		f.file, err = os.Open(path)
	} else if f.file, err = os.CreateTemp("", "coffeeshop-users-*"); err == nil { // for its owner alone: it holds hashes
		f.spooled = true
		_, err = io.Copy(f.file, in)
	}
	if err == nil {
		f.csv, err = isCSV(f.file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the users: %w", err), f.Close())
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if f.spooled {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}

func isCSV(file io.ReadSeeker) (bool, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	head, err := bufio.NewReader(file).Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("[")) {
		return false, errors.New("the file is a JSON array: put each object on a line of its own, as jq -c '.[]' does")
	}
	return !bytes.HasPrefix(text, []byte("{")), nil
}

// Records reads the file from its beginning.
func (f *File) Records(ctx context.Context) iter.Seq2[transfer.Record, error] {
	return func(yield func(transfer.Record, error) bool) {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			yield(transfer.Record{}, err)
			return
		}
		in := bufio.NewReaderSize(f.file, 64<<10)
		if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
			_, _ = in.Discard(3)
		}
		read := readJSON
		if f.csv {
			read = readCSV
		}
		read(in, func(n int, l line, err error) bool {
			if ctx.Err() != nil {
				yield(transfer.Record{}, ctx.Err())
				return false
			}
			return yield(l.record(n), err)
		})
	}
}

// forms say what a field must be, where it is no text.
var forms = map[string]string{
	"created_at": "must be a time such as 2026-01-31T12:00:00Z", "blocked_until": "must be a time such as 2026-01-31T12:00:00Z",
	"blocked": "must be true or false", "profile": "must be a JSON object", "app_data": "must be a JSON object",
}

// form says what a field must be that could not be read.
func form(name string) string {
	if fields[name] != nil && forms[name] == "" {
		return "must be a text"
	}
	return forms[name]
}
