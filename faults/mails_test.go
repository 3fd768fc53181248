//go:build faults

package faults_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"regexp"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// mails is a mail server that keeps the code of each mail, and that can be away, or hang after it has taken a mail over.
type mails struct {
	t      *testing.T
	addr   string
	server *smtp.Server
	mu     sync.Mutex
	codes  map[string][]string // by address
	hang   chan struct{}       // not nil: until it is closed, the last answer does not come
}

func newMails(t *testing.T) *mails {
	t.Helper()
	m := &mails{t: t, addr: freePort(t), codes: map[string][]string{}}
	m.open()
	t.Cleanup(func() { m.close() })
	return m
}

func (m *mails) environ() []string {
	host, port, _ := net.SplitHostPort(m.addr)
	return []string{"EMAIL_HOST=" + host, "EMAIL_PORT=" + port, "EMAIL_TLS=none", "EMAIL_FROM=us@example.com"}
}

func (m *mails) open() {
	m.t.Helper()
	listener, err := net.Listen("tcp", m.addr)
	if err != nil {
		m.t.Fatal(err)
	}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{mails: m}, nil }))
	m.server.Domain = "localhost"
	go func(s *smtp.Server) { _ = s.Serve(listener) }(m.server) // until Close
}

func (m *mails) close() { _ = m.server.Close() }

func (m *mails) of(address string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.codes[address]
}

// missing are how many of the addresses got none.
func (m *mails) missing(addresses []string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range addresses {
		if len(m.codes[a]) == 0 {
			n++
		}
	}
	return n
}

type session struct {
	*mails
	to string
}

func (*session) Mail(string, *smtp.MailOptions) error        { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (*session) Reset()                                      {}
func (*session) Logout() error                               { return nil }

var sixDigits = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)

func (s *session) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextPart()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	found := sixDigits.FindSubmatch(text)
	if found == nil {
		return fmt.Errorf("no code in %q", text)
	}
	s.mu.Lock()
	s.codes[s.to] = append(s.codes[s.to], string(found[1]))
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return nil
}
