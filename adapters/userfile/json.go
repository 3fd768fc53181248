package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"coffeeshop/application/transfer"
)

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
