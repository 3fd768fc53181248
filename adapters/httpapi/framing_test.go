package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"coffeeshop/adapters/httpapi"
)

const (
	sound    = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	smuggled = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
)

// wire is a connection on which a test writes bytes and reads answers.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (w *world) dial(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second))) // before the service gives up on a body
	return &wire{t, conn, bufio.NewReader(conn)}
}

func (c *wire) send(text string) {
	c.t.Helper()
	_, err := io.WriteString(c.conn, text)
	must(c.t, err)
}

func (c *wire) read() answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	must(c.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(c.t, err)
	return answer{resp.StatusCode, resp.Header, body}
}

// ended checks that no more answers come and that the service closed the connection.
func (c *wire) ended() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Errorf("after the answer came %q, %v", rest, err)
	}
}

func TestFraming_WhatAProxyMayReadOtherwiseIsRefusedAndEndsItsConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(version, body string, header ...string) string {
		return "POST /auth/login HTTP/" + version + "\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" + body
	}
	get := func(target string, header ...string) string {
		return "GET " + target + " HTTP/1.1\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n"
	}
	const chunked = "Transfer-Encoding: chunked"
	for name, request := range map[string]string{
		"length and coding":               post("1.1", "0\r\n\r\n", "Host: x", "Content-Length: 5", chunked),
		"coding and length":               post("1.1", "0\r\n\r\n", "Host: x", chunked, "Content-Length: 5"),
		"length and coding, no body":      post("1.1", "", "Host: x", "content-length: 99", "TRANSFER-ENCODING: Chunked"),
		"length and identity":             post("1.1", "12345", "Host: x", "Content-Length: 5", "Transfer-Encoding: identity"),
		"length, coding and Expect":       post("1.1", "", "Host: x", "Expect: 100-continue", "Content-Length: 99", chunked),
		"identity":                        post("1.1", "", "Host: x", "Transfer-Encoding: identity"),
		"two codings":                     post("1.1", "0\r\n\r\n", "Host: x", chunked, chunked),
		"chunked, then identity":          post("1.1", "0\r\n\r\n", "Host: x", chunked, "Transfer-Encoding: identity"),
		"a list of codings":               post("1.1", "0\r\n\r\n", "Host: x", "Transfer-Encoding: gzip, chunked"),
		"an unknown coding":               post("1.1", "0\r\n\r\n", "Host: x", "Transfer-Encoding: xchunked"),
		"a coding without a name":         post("1.1", "", "Host: x", "Transfer-Encoding:"),
		"a coding in HTTP/1.0":            post("1.0", "0\r\n\r\n", "Host: x", "Connection: keep-alive", chunked),
		"two lengths":                     post("1.1", "12345", "Host: x", "Content-Length: 5", "Content-Length: 6"),
		"the same length twice":           post("1.1", "12345", "Host: x", "Content-Length: 5", "Content-Length: 5"),
		"lengths around a coding":         post("1.1", "0\r\n\r\n", "Host: x", "Content-Length: 5", chunked, "Content-Length: 5"),
		"a list of lengths":               post("1.1", "12345", "Host: x", "Content-Length: 5, 5"),
		"a signed length":                 post("1.1", "12345", "Host: x", "Content-Length: +5"),
		"a negative length":               post("1.1", "12345", "Host: x", "Content-Length: -5"),
		"a hexadecimal length":            post("1.1", "12345", "Host: x", "Content-Length: 0x5"),
		"an empty length":                 post("1.1", "12345", "Host: x", "Content-Length:"),
		"space before a length's colon":   post("1.1", "", "Host: x", "Content-Length : 5"),
		"space before a coding's colon":   post("1.1", "", "Host: x", "Transfer-Encoding : chunked"),
		"a tab before the colon":          post("1.1", "", "Host: x", "Transfer-Encoding\t: chunked"),
		"space in a name":                 get("/healthz", "Host: x", "X Y: z"),
		"a folded line":                   get("/healthz", "Host: x", "X-A: b", " c"),
		"a folded line with a colon":      post("1.1", "", "Host: x", "X-A: b", "\tContent-Length: 5"),
		"a fold before the first header":  get("/healthz", " Host: x"),
		"a line without a colon":          get("/healthz", "Host: x", "X-A"),
		"a bare CR":                       get("/healthz", "Host: x", "X-A: b\rContent-Length: 5"),
		"a bare LF":                       get("/healthz", "Host: x", "X-A: b\nX-B: c"),
		"a bare LF ends the header":       get("/healthz", "Host: x\n"),
		"a NUL":                           get("/healthz", "Host: x", "X-A: b\x00"),
		"no Host":                         get("/healthz", "X-A: b"),
		"no header at all":                "GET /healthz HTTP/1.1\r\n\r\n",
		"an empty Host":                   get("/healthz", "Host:"),
		"two Hosts":                       get("/healthz", "Host: x", "Host: y"),
		"the same Host twice":             get("/healthz", "Host: x", "hOST: x"),
		"two Hosts in HTTP/1.0":           post("1.0", "", "Host: x", "Host: y"),
		"an absolute target, other Host":  get("http://y/healthz", "Host: x"),
		"an absolute target, other port":  get("http://x:81/healthz", "Host: x:80"),
		"an absolute target, longer Host": get("http://x/healthz", "Host: x/healthz"),
		"an absolute target, a user":      get("http://u@x/healthz", "Host: x"),
		"an absolute target, no Host":     get("http://x/healthz", "X-A: b"),
		"an absolute target, no path":     get("http://y?a=b", "Host: x"),
		"an absolute target, no name":     get("http:///healthz", "Host: x"),
		"an absolute target in HTTP/1.0":  "GET http:///healthz HTTP/1.0\r\n\r\n",
		"a scheme alone":                  get("http", "Host: x"),
		"two slashes and an address":      get("//y/healthz?a=http://z", "Host: x"),
		"two slashes, no Host":            "GET //y/healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"another scheme":                  get("ftp://x/healthz", "Host: x"),
		"a target without a slash":        get("healthz", "Host: x"),
		"a fragment":                      get("/healthz#x", "Host: x"),
		"HTTP/2 announced":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"HTTP/1.2":                        post("1.2", "", "Host: x", "Connection: keep-alive"),
		"HTTP/1x1":                        post("1x1", "", "Host: x", "Connection: keep-alive"),
	} {
		for _, kept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/kept=%t", name, kept), func(t *testing.T) {
				t.Parallel()
				c := w.dial(t)
				if kept {
					c.send(sound + request + smuggled)
					c.read().want(t, 200, "")
				} else {
					c.send(request + smuggled)
				}
				c.read().want(t, 400, "malformed_request")
				c.ended()
			})
		}
	}
}

func TestFraming_WhatEverybodyReadsAlikeIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, request := range map[string]string{
		"plain":                     sound,
		"an absolute target":        "GET http://Example.com:8000/healthz HTTP/1.1\r\nHost: example.com:8000\r\n\r\n",
		"an absolute target, https": "GET https://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"an absolute target, query": "GET http://x/healthz?a=http://y/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"an address in the query":   "GET /healthz?next=http://y/z HTTP/1.1\r\nHost: x\r\n\r\n",
		"HTTP/1.0 without a Host":   "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.0, no header":       "GET /healthz HTTP/1.0\r\n\r\n",
		"HTTP/1.0, absolute":        "GET http://x/healthz HTTP/1.0\r\n\r\n",
		"a body with a GET":         "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345",
		"space around values":       "GET /healthz HTTP/1.1\r\nHost:x \r\nContent-Length: \t5 \r\n\r\n12345",
		"headers named alike":       "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Host: y\r\nHos: z\r\nX-Content-Length: 5\r\nTransfer-Encodings: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.dial(t)
			c.send(request)
			c.read().want(t, 200, "")
		})
	}
	c := w.dial(t)
	c.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + "GET http://x?a=/b HTTP/1.1\r\nHost: x\r\n\r\n" + sound)
	c.read().want(t, 404, "not_found")
	c.read().want(t, 404, "not_found")
	c.read().want(t, 200, "") // and the connection goes on
}

// A client of HTTP/1.0 would take 100 Continue for the answer, and the answer for that to its next request.
func TestFraming_HTTP10IsNotToldToContinue(t *testing.T) {
	t.Parallel()
	c := newWorld(t).dial(t)
	c.send("POST /auth/login HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n12345")
	c.read().want(t, 415, "unsupported_media_type")
	c.ended()
}

func TestFraming_ARefusedHEADHasNoBody(t *testing.T) {
	t.Parallel()
	c := newWorld(t).dial(t)
	c.send("HEAD /healthz HTTP/1.1\r\n\r\n" + smuggled)
	text, err := io.ReadAll(c.in)
	must(t, err)
	if !strings.HasPrefix(string(text), "HTTP/1.1 400 ") || !strings.HasSuffix(string(text), "\r\n\r\n") {
		t.Errorf("answered %s", text)
	}
}

// fasthttp takes bodies whose end others see elsewhere: a trailer that begins with 0, for one.
func TestFraming_AChunkedBodyIsTheLastOfItsConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.verified("ada@example.com")
	body := object("email", "ada@example.com", "password", password)
	for _, end := range []string{"0\r\n\r\n", "0\r\nX-A: b\r\n\r\n", "0;a=b\r\n\r\n", "0\r\n0\r\n\r\n", "0\r\n0xy\r\n"} {
		c := w.dial(t)
		c.send(sound + "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n", len(body), body) + end + smuggled)
		c.read().want(t, 200, "")
		c.read().want(t, 200, "")
		c.ended()
	}
}

func TestFraming_TheCheckAllocatesNothing(t *testing.T) {
	var h fasthttp.RequestHeader
	text := "POST http://example.com/auth/login HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\nUser-Agent: a browser\r\n\r\n"
	must(t, h.Read(bufio.NewReader(strings.NewReader(text))))
	if n := testing.AllocsPerRun(100, func() {
		if httpapi.Ambiguous(&h) {
			t.Fatal("refused")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
