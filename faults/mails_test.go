//go:build faults

package faults_test

import (
	"io"
	"net"
	"regexp"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"coffeeshop/adapters/mail/transporttest"
)

// mails is a mail server that keeps each mail. It can be away, and it can hang once it has taken a mail over.
type mails struct {
	t      *testing.T
	addr   string
	server *smtp.Server
	mu     sync.Mutex
	raw    map[string][]string // by address
	hang   chan struct{}       // not nil: until it is closed, the last answer does not come
}

func newMails(t *testing.T) *mails {
	t.Helper()
	m := &mails{t: t, addr: freePort(t), raw: map[string][]string{}}
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

var sixDigits = regexp.MustCompile(`(?m)^\s*(\d{6})\s*$`)

// codes are those of all mails to an address, the oldest first.
func (m *mails) codes(address string) (all []string) {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, raw := range m.raw[address] {
		found := sixDigits.FindStringSubmatch(transporttest.Read(m.t, raw).Text)
		if found == nil {
			m.t.Fatalf("no code in %q", raw)
		}
		all = append(all, found[1])
	}
	return all
}

// missing are how many of the addresses got none.
func (m *mails) missing(addresses []string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range addresses {
		if len(m.raw[a]) == 0 {
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

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.raw[s.to] = append(s.raw[s.to], string(raw))
	hang := s.hang
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	return nil
}
