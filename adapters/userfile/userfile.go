// Package userfile reads and writes users in files: JSON Lines and CSV, with the same names. docs/migrating.md describes
// them.
package userfile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
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

// readJSON reads an object a line. Empty lines do not count.
func readJSON(in *bufio.Reader, yield func(int, line, error) bool) {
	for n := 1; ; n++ {
		text, whole, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(n, line{}, err)
			return
		}
		if text = bytes.TrimSpace(text); len(text) == 0 && whole {
			continue
		}
		var l line
		if !whole {
			err = transfer.BadLine{Line: n, Reason: "the line has more than 1 MiB"}
		} else if wrong := json.Unmarshal(text, &l, json.RejectUnknownMembers(true)); wrong != nil {
			err = transfer.BadLine{Line: n, Reason: jsonFault(wrong)}
		}
		if !yield(n, l, err) {
			return
		}
	}
}

// readLine reads a line. One that is too long it reads and drops: whole is false then.
func readLine(in *bufio.Reader) (text []byte, whole bool, err error) {
	whole = true
	for {
		part, more, err := in.ReadLine()
		if err != nil {
			return nil, false, err
		}
		if whole = whole && len(text)+len(part) <= lineMost; whole {
			text = append(text, part...)
		} else {
			text = nil
		}
		if !more {
			return text, whole, nil
		}
	}
}

// bounded ends a row that is too long: of an open quote, a CSV reader would read all that follows into memory.
type bounded struct {
	io.Reader
	left int
}

var errRowTooLong = errors.New("a row has more than 1 MiB: there may be a quote that is not closed")

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := b.Reader.Read(into)
	b.left -= n
	return n, err
}

// jsonFault says what is wrong with a line, without a value of it.
func jsonFault(err error) string {
	var meaning *json.SemanticError
	if errors.As(err, &meaning) && meaning.JSONPointer != "" {
		name := meaning.JSONPointer.LastToken()
		if errors.Is(err, json.ErrUnknownName) {
			return fmt.Sprintf("%.40q is none of the format's names", name)
		}
		return name + " " + form(name)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return "a name appears twice"
	}
	return "the line is no JSON object in UTF-8"
}

// readCSV reads a header of names and then a user a row (RFC 4180). An empty field is absent.
func readCSV(in *bufio.Reader, yield func(int, line, error) bool) {
	file := &bounded{in, lineMost}
	rows := csv.NewReader(file)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return
	}
	names := slices.Clone(header)
	for i, name := range names {
		switch {
		case err != nil:
		case fields[name] == nil:
			err = fmt.Errorf("the first line has to name the columns, with commas between them, and %.40q is none of the format's names", name)
		case slices.Contains(names[:i], name):
			err = fmt.Errorf("the first line names the column %s twice", name)
		}
	}
	if err != nil {
		yield(0, line{}, err)
		return
	}
	for {
		file.left = lineMost
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		n := 0
		if len(row) > 0 {
			n, _ = rows.FieldPos(0)
		}
		var l line
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken):
			n, err = broken.StartLine, transfer.BadLine{Line: broken.StartLine, Reason: "the quotes of the row are broken, which can take the rows behind it along"}
		case err != nil:
		case len(row) != len(names):
			err = transfer.BadLine{Line: n, Reason: fmt.Sprintf("the row has %d fields, and the first line %d", len(row), len(names))}
		default:
			l, err = ofRow(n, names, row)
		}
		if !yield(n, l, err) {
			return
		}
	}
}

func ofRow(n int, names, row []string) (l line, err error) {
	for i, name := range names {
		if row[i] == "" {
			continue
		}
		if fields[name](&l, row[i]) != nil {
			return l, transfer.BadLine{Line: n, Reason: name + " " + form(name)}
		}
	}
	return l, nil
}

// fields set a field by its name.
var fields = map[string]func(l *line, text string) error{
	"id":            set(func(l *line) *string { return &l.ID }),
	"email":         set(func(l *line) *string { return &l.Email }),
	"first_name":    set(func(l *line) *string { return &l.FirstName }),
	"last_name":     set(func(l *line) *string { return &l.LastName }),
	"role":          set(func(l *line) *string { return &l.Role }),
	"status":        set(func(l *line) *string { return &l.Status }),
	"locale":        set(func(l *line) *string { return &l.Locale }),
	"block_reason":  set(func(l *line) *string { return &l.BlockReason }),
	"legacy_id":     set(func(l *line) *string { return &l.LegacyID }),
	"password_hash": set(func(l *line) *string { return &l.PasswordHash }),
	"created_at":    func(l *line, text string) error { return setTime(&l.CreatedAt, text) },
	"blocked_until": func(l *line, text string) error { return setTime(&l.BlockedUntil, text) },
	"blocked": func(l *line, text string) (err error) {
		l.Blocked, err = strconv.ParseBool(strings.ToLower(text))
		return err
	},
	"profile":  func(l *line, text string) error { return setJSON(&l.Profile, text) },
	"app_data": func(l *line, text string) error { return setJSON(&l.AppData, text) },
}

// forms are what a field looks like that is not a text.
var forms = map[string]string{
	"created_at": "must be a time such as 2026-01-31T12:00:00Z", "blocked_until": "must be a time such as 2026-01-31T12:00:00Z",
	"blocked": "must be true or false", "profile": "must be a JSON object", "app_data": "must be a JSON object",
}

// form is what is wrong with a field that cannot be read.
func form(name string) string {
	if fields[name] != nil && forms[name] == "" {
		return "must be a text"
	}
	return forms[name]
}

func setJSON(v *jsontext.Value, text string) error {
	if *v = jsontext.Value(strings.TrimSpace(text)); !v.IsValid() {
		return errors.New("no JSON")
	}
	return nil
}

func set(field func(*line) *string) func(*line, string) error {
	return func(l *line, text string) error {
		*field(l) = strings.Clone(text)
		return nil
	}
}

func setTime(at *time.Time, text string) (err error) {
	*at, err = time.Parse(time.RFC3339Nano, text)
	return err
}

// orNone is a value that JSON leaves out when it is empty.
func orNone(text []byte) jsontext.Value {
	if len(text) == 0 {
		return nil
	}
	return text
}

// Write writes a user as a JSON line.
func Write(out io.Writer, r transfer.Record) error {
	text, err := json.Marshal(line{
		ID: r.ID, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, Role: r.Role, Status: r.Status, Locale: r.Locale,
		CreatedAt: r.CreatedAt, Blocked: r.Blocked, BlockedUntil: r.BlockedUntil, BlockReason: r.BlockReason, LegacyID: r.LegacyID, PasswordHash: r.PasswordHash.Reveal(),
		Profile: orNone(r.Profile), AppData: orNone(r.AppData),
	})
	if err != nil {
		return fmt.Errorf("write a user: %w", err)
	}
	_, err = out.Write(append(text, '\n'))
	return err
}
