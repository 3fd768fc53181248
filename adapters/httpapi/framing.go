package httpapi

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// frame checks the header of every request before its body is read. fasthttp accepts much that a proxy in front may read
// otherwise. If the two disagree about the end or the host of a request, one client can smuggle requests in between those
// of others (RFC 9112 §11.2).
func frame(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	switch {
	case ambiguous(h):
		h.SetRequestURI("\x00") // is no address: fasthttp answers 400 and closes the connection
	case h.ContentLength() == chunked:
		h.SetConnectionClose() // fasthttp is lenient about how such a body ends: nothing may follow it
	case !h.IsHTTP11():
		h.Del("Expect") // HTTP/1.0 would take 100 Continue for the answer
	}
	return fasthttp.RequestConfig{}
}

// chunked is the length that fasthttp gives to bodies in chunks.
const chunked = -1

// ambiguous reports whether RFC 9112 lets a server refuse the request. It reads the raw header: fasthttp keeps one of two
// equal names.
func ambiguous(h *fasthttp.RequestHeader) bool {
	hosts, lengths, codings := 0, 0, 0
	for raw := h.RawHeaders(); len(raw) > 0; {
		line := raw[:bytes.IndexByte(raw, '\n')+1]
		raw = raw[len(line):]
		if len(line) < 2 || line[len(line)-2] != '\r' {
			return true // a line ends with CRLF
		}
		name := line[:bytes.IndexByte(line, ':')+1]
		if bytes.IndexByte(name, ' ') >= 0 || line[0] == ' ' || line[0] == '\t' {
			return true // neither a space in a name, nor a line that goes on with the one before
		}
		switch {
		case is(name, "host:"):
			hosts++
		case is(name, "content-length:"):
			lengths++
		case is(name, "transfer-encoding:"):
			codings++
		}
	}
	http11 := string(h.Protocol()) == "HTTP/1.1"
	switch {
	case !http11 && string(h.Protocol()) != "HTTP/1.0":
		return true
	case hosts > 1, hosts < 1 && http11, hosts > 0 && len(h.Host()) == 0:
		return true
	case codings > 1, codings > 0 && (lengths > 0 || !http11 || h.ContentLength() != chunked):
		return true
	}
	return !targets(h.RequestURI(), h.Host())
}

// targets reports whether the target of a request is a path, or names the host that the Host header names, where
// there is one.
func targets(target, host []byte) bool {
	switch {
	case bytes.IndexByte(target, '#') >= 0, bytes.HasPrefix(target, []byte("//")): // fasthttp may read a host there
		return false
	case target[0] == '/', string(target) == "*":
		return true
	}
	scheme, rest, _ := bytes.Cut(target, []byte("://"))
	if !is(scheme, "http") && !is(scheme, "https") {
		return false
	}
	if end := bytes.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	return len(rest) > 0 && (len(host) == 0 || bytes.EqualFold(rest, host))
}

// is compares without case; lower is in lower case.
func is(name []byte, lower string) bool {
	return len(name) == len(lower) && bytes.EqualFold(name, []byte(lower))
}
