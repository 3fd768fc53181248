package httpapi

import (
	"net"
	"sync"
	"sync/atomic"
)

// unusedConns is a listener that knows its connections without a request, which browsers and load balancers keep ready.
// At shutdown fasthttp would wait for them as if they were requests.
type unusedConns struct {
	net.Listener
	mu        sync.Mutex
	silent    map[*unusedConn]struct{}
	dismissed bool
}

func newUnusedConns(ln net.Listener) *unusedConns {
	return &unusedConns{Listener: ln, silent: map[*unusedConn]struct{}{}}
}

// Accept implements net.Listener.
func (n *unusedConns) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &unusedConn{Conn: conn, of: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dismissed {
		_ = conn.Close()
	}
	n.silent[c] = struct{}{}
	return c, nil
}

// dismiss closes the silent connections, and those that come from now on.
func (n *unusedConns) dismiss() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dismissed = true
	for c := range n.silent {
		_ = c.Conn.Close()
	}
}

type unusedConn struct {
	net.Conn
	of    *unusedConns
	known atomic.Bool
}

func (c *unusedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.greet()
	}
	return n, err
}

func (c *unusedConn) Close() error {
	c.greet()
	return c.Conn.Close()
}

func (c *unusedConn) greet() {
	if c.known.Load() || c.known.Swap(true) {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	delete(c.of.silent, c)
}
