package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"

	"coffeeshop/domain"
)

const (
	user     = "shop"
	password = "correct horse"
)

// server is a real SMTP server on a port of its own.
type server struct {
	mu         sync.Mutex
	mails      []received
	deliver    func(c *gosmtp.Conn, m received) error // when set, what becomes of a mail; its error is the answer
	port       int
	mechanisms []string
	trusted    *x509.CertPool
}

type received struct {
	from, user string
	to         []string
	data       string
	encrypted  bool
}

type option func(*server, *gosmtp.Server)

func withoutTLS(_ *server, s *gosmtp.Server) { s.TLSConfig = nil }
func clearAuth(_ *server, s *gosmtp.Server)  { s.AllowInsecureAuth = true }
func mechanisms(names ...string) option {
	return func(s *server, _ *gosmtp.Server) { s.mechanisms = names }
}

// start runs a server; implicit makes it speak TLS from the first byte on.
func start(t *testing.T, implicit bool, options ...option) *server {
	t.Helper()
	s := &server{mechanisms: []string{sasl.Plain}}
	config, pool := certificate(t)
	s.trusted = pool
	srv := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	srv.Domain, srv.TLSConfig, srv.ErrorLog = "localhost", config, silent{}
	for _, o := range options {
		o(s, srv)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	if implicit {
		listener = tls.NewListener(listener, config)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	t.Cleanup(func() { _, _ = listener.Close(), srv.Close(); <-done }) // Close knows no listener that Serve has not seen yet
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// transport returns a client of the server that trusts its certificate.
func (s *server) transport(t *testing.T, cfg Config) *Transport {
	t.Helper()
	cfg.Host, cfg.Port = "127.0.0.1", s.port
	if cfg.Timeout == 0 {
		cfg.Timeout = 20 * time.Second
	}
	tr, err := newTransport(cfg, &tls.Config{RootCAs: s.trusted})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func credentials(mode TLS) Config {
	return Config{User: user, Password: domain.NewSecret(password), TLS: mode}
}

func (s *server) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

type session struct {
	server *server
	conn   *gosmtp.Conn
	mail   received
}

func (s *session) AuthMechanisms() []string { return s.server.mechanisms }

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(name, pass string) error {
		if name != user || pass != password {
			return gosmtp.ErrAuthFailed
		}
		s.mail.user = name
		return nil
	}
	if mechanism == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, name, pass string) error { return check(name, pass) }), nil
}

// loginServer is AUTH LOGIN, which the library has for clients only.
type loginServer struct {
	name  *string
	check func(name, pass string) error
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.name == nil:
		name := string(response)
		l.name = &name
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.name, string(response))
}

func (s *session) Mail(from string, _ *gosmtp.MailOptions) error { s.mail.from = from; return nil }

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, s.mail.encrypted = s.conn.TLSConnectionState()
	s.mail.data = string(data)
	if s.server.deliver != nil {
		return s.server.deliver(s.conn, s.mail)
	}
	s.server.keep(s.mail)
	return nil
}

func (s *server) keep(m received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// certificate returns a self-signed certificate for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}
