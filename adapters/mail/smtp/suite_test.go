package smtp

import (
	"strings"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"coffeeshop/adapters/mail/transporttest"
	"coffeeshop/ports/portstest"
)

func TestTransport_KeepsTheContracts(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, func(t *testing.T) transporttest.Fixture {
		s := start(t, false)
		return transporttest.Fixture{Transport: s.transport(t, credentials(StartTLS)), Delivery: portstest.Delivery{
			Arrived: s.arrived, Refuse: s.refuse, Lose: s.lose, Hang: s.hang, Secrets: []string{password},
		}}
	})
}

func (s *server) arrived(t *testing.T) []portstest.Mail {
	t.Helper()
	var mails []portstest.Mail
	for _, r := range s.received() {
		m := transporttest.Read(t, r.data)
		m.Recipients = r.to
		mails = append(mails, m)
	}
	return mails
}

// refuse answers mails with a refusal that quotes all it was told.
func (s *server) refuse(*testing.T) {
	s.deliver = func(_ *gosmtp.Conn, m received) error {
		quoted := strings.Join(strings.Fields(m.data), " ") + " " + m.to[0] + " " + password
		return &gosmtp.SMTPError{Code: 554, EnhancedCode: gosmtp.EnhancedCode{5, 6, 0}, Message: quoted}
	}
}

// lose keeps mails and breaks the connection instead of answering.
func (s *server) lose(*testing.T) {
	s.deliver = func(c *gosmtp.Conn, m received) error {
		s.keep(m)
		return c.Conn().Close()
	}
}

// hang reads mails and does not answer until the test ends.
func (s *server) hang(t *testing.T) <-chan struct{} {
	waiting, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(done) })
	s.deliver = func(*gosmtp.Conn, received) error {
		select {
		case waiting <- struct{}{}:
			<-done
		case <-done:
		}
		return gosmtp.ErrDataReset
	}
	return waiting
}
