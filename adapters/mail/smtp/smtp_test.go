package smtp

import (
	"crypto/tls"
	"errors"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/mail"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

func message() mail.Message {
	return mail.Message{ID: "1@example.com", From: netmail.Address{Name: "Coffee Shop", Address: "no-reply@example.com"}, To: "ann@example.com",
		Date: time.Now(), Subject: "Код", Text: "the code is 123456\r\n.\r\nthe end", HTML: "<p>the code is 123456</p>"}
}

func TestDeliver_TheMailArrivesInEveryMode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		implicit bool
		options  []option
		cfg      Config
		secure   bool
	}{
		"starttls":       {cfg: credentials(StartTLS), secure: true},
		"starttls login": {options: []option{mechanisms("LOGIN")}, cfg: credentials(StartTLS), secure: true},
		"tls":            {implicit: true, cfg: credentials(ImplicitTLS), secure: true},
		"none":           {options: []option{withoutTLS}, cfg: Config{TLS: NoTLS}},
		"none, password": {options: []option{withoutTLS, clearAuth}, cfg: credentials(NoTLS)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.implicit, c.options...)
			if err := s.transport(t, c.cfg).Deliver(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			got := s.received()
			if len(got) != 1 || got[0].from != "no-reply@example.com" || !slices.Equal(got[0].to, []string{"ann@example.com"}) ||
				got[0].user != c.cfg.User || got[0].encrypted != c.secure || !strings.Contains(got[0].data, "123456\r\n.\r\nthe end") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestDeliver_StartTLSNeverFallsBackToClear(t *testing.T) {
	t.Parallel()
	s := start(t, false, withoutTLS, clearAuth)
	if err := s.transport(t, credentials(StartTLS)).Deliver(t.Context(), message()); !errors.Is(err, ports.ErrNotTaken) || len(s.received()) != 0 {
		t.Errorf("got %v, %v", err, s.received())
	}
}

func TestDeliver_RefusesCertificatesItDoesNotTrust(t *testing.T) {
	t.Parallel()
	for _, mode := range []TLS{StartTLS, ImplicitTLS} {
		s := start(t, mode == ImplicitTLS)
		cfg := credentials(mode)
		cfg.Host, cfg.Port, cfg.Timeout = "127.0.0.1", s.port, 20*time.Second
		tr, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var unknown *tls.CertificateVerificationError
		if err := tr.Deliver(t.Context(), message()); !errors.As(err, &unknown) || !errors.Is(err, ports.ErrNotTaken) || len(s.received()) != 0 {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestDeliver_NamesWhyItCannotLogIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []option
		pass    string
		want    string
	}{
		"wrong password": {pass: "incorrect horse", want: "535"},
		"no mechanism":   {options: []option{mechanisms("GSSAPI")}, pass: password, want: "authentication mechanism"},
	} {
		s := start(t, false, c.options...)
		cfg := credentials(StartTLS)
		cfg.Password = domain.NewSecret(c.pass)
		err := s.transport(t, cfg).Deliver(t.Context(), message())
		if !errors.Is(err, ports.ErrNotTaken) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNew_RefusesConfigurationsThatWouldLeakOrCannotWork(t *testing.T) {
	t.Parallel()
	secret := domain.NewSecret(password)
	for name, cfg := range map[string]Config{
		"password in clear": {Host: "mail.example.com", Port: 25, User: user, Password: secret, TLS: NoTLS, Timeout: time.Second},
		"no protection":     {Host: "mail.example.com", Port: 25, Timeout: time.Second},
		"no host":           {Port: 25, TLS: StartTLS, Timeout: time.Second},
		"no port":           {Host: "mail.example.com", TLS: StartTLS, Timeout: time.Second},
		"no time-out":       {Host: "mail.example.com", Port: 25, TLS: StartTLS},
	} {
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
