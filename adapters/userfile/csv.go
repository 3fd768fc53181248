package userfile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"coffeeshop/application/transfer"
)

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
		if !yield(n, l, err) || err != nil && !errors.As(err, new(transfer.BadLine)) {
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
