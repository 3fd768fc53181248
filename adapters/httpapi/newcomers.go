package httpapi

import (
	"net"
	"sync"
	"sync/atomic"
)

// newcomers is a listener that knows on which of its connections nothing has been sent yet, as browsers and load
// balancers keep them ready: fasthttp waits for them, when it shuts down, as if they were requests.
type newcomers struct {
	net.Listener
	mu        sync.Mutex
	silent    map[*newcomer]struct{}
	dismissed bool
}

func newNewcomers(ln net.Listener) *newcomers {
	return &newcomers{Listener: ln, silent: map[*newcomer]struct{}{}}
}

// Accept implements net.Listener.
func (n *newcomers) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &newcomer{Conn: conn, of: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dismissed {
		_ = conn.Close()
	}
	n.silent[c] = struct{}{}
	return c, nil
}

// dismiss closes the silent connections, and those that come from now on.
func (n *newcomers) dismiss() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dismissed = true
	for c := range n.silent {
		_ = c.Conn.Close()
	}
}

type newcomer struct {
	net.Conn
	of    *newcomers
	known atomic.Bool
}

func (c *newcomer) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.greet()
	}
	return n, err
}

func (c *newcomer) Close() error {
	c.greet()
	return c.Conn.Close()
}

func (c *newcomer) greet() {
	if c.known.Load() || c.known.Swap(true) {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.silent, c)
}
