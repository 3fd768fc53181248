package bunstore_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"coffeeshop/adapters/bunstore"
)

// proxy stands between one test and PostgreSQL, so that the server can go for this test alone.
type proxy struct {
	t       *testing.T
	address string // its own, the same after every start
	server  string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

// newProxy starts a proxy and points cfg at it.
func newProxy(t *testing.T, cfg *bunstore.Config) *proxy {
	t.Helper()
	u, err := url.Parse(cfg.PostgresURL)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, address: "127.0.0.1:0", server: u.Host}
	p.start()
	t.Cleanup(p.stop)
	u.Host = p.address
	cfg.PostgresURL = u.String()
	return p
}

func (p *proxy) start() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener, p.address = listener, listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // stopped
			}
			go p.connect(client, listener)
		}
	}()
}

func (p *proxy) connect(client net.Conn, listener net.Listener) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	stopped := p.listener != listener
	p.mu.Unlock()
	if stopped {
		p.cut()
	}
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}

// stop refuses new connections and cuts those that are there.
func (p *proxy) stop() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.cut()
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}
