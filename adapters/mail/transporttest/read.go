package transporttest

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"testing"

	"coffeeshop/ports/portstest"
)

// Read decodes a mail that arrived as RFC 5322 text.
func Read(t *testing.T, raw string) portstest.Mail {
	t.Helper()
	msg, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	m := portstest.Mail{Headers: msg.Header}
	for _, name := range []string{"To", "Cc", "Bcc"} {
		if msg.Header.Get(name) == "" {
			continue
		}
		list, err := msg.Header.AddressList(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range list {
			m.Recipients = append(m.Recipients, to.Address)
		}
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	addPart(t, &m, textproto.MIMEHeader(msg.Header), msg.Body)
	return m
}

// addPart takes over the text and the HTML of a part and of those within it.
func addPart(t *testing.T, m *portstest.Mail, header textproto.MIMEHeader, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			addPart(t, m, part.Header, part)
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	switch plain := strings.ReplaceAll(string(content), "\r\n", "\n"); kind {
	case "text/plain":
		m.Text += plain
	case "text/html":
		m.HTML += plain
	}
}
