package mailbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Mail is a stored mail, decoded. Show its HTML in a sandbox.
type Mail struct {
	Name    string // the file's name, for Read
	From    string
	To      string
	Subject string
	Date    time.Time
	Text    string
	HTML    string
}

const partMaxBytes = 1 << 20

func parse(r io.Reader) (Mail, error) {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	date, err := msg.Header.Date()
	if err != nil {
		return Mail{}, fmt.Errorf("its date: %w", err)
	}
	m := Mail{Date: date.UTC()}
	for name, field := range map[string]*string{"From": &m.From, "To": &m.To, "Subject": &m.Subject} {
		if *field, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get(name)); err != nil {
			return Mail{}, fmt.Errorf("its %s: %w", name, err)
		}
	}
	err = m.add(textproto.MIMEHeader(msg.Header), msg.Body)
	return m, err
}

// add reads a part: the first plain text and the first HTML, in UTF-8, at most a megabyte each.
func (m *Mail) add(header textproto.MIMEHeader, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("its content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.addParts(multipart.NewReader(body, params["boundary"]))
	}
	field := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[kind]
	if field == nil || *field != "" {
		return nil
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(io.LimitReader(body, partMaxBytes))
	if err != nil {
		return fmt.Errorf("its part %s: %w", kind, err)
	}
	*field = strings.ReplaceAll(string(content), "\r\n", "\n")
	return nil
}

func (m *Mail) addParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("its parts: %w", err)
		}
		if err := m.add(part.Header, part); err != nil {
			return err
		}
	}
}
