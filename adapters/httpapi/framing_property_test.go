package httpapi_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"coffeeshop/adapters/httpapi"
)

// net/http stands for a proxy: what passes the check, it reads as fasthttp does.
func TestFraming_WhatPassesIsReadAlikeByAnotherParser(t *testing.T) {
	t.Parallel()
	part := func(parts ...string) *rapid.Generator[string] { return rapid.SampledFrom(parts) }
	rapid.Check(t, func(t *rapid.T) {
		end := part("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n")
		text := part("GET", "POST", "HEAD").Draw(t, "method") + " " +
			part("/a", "/a?b=c", "/a?b=http://y/", "http://x/a", "http://y/a", "http://x:80?b", "//y/a", "a", "*", "x://x/a").Draw(t, "target") + " " +
			part("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2").Draw(t, "version") + "\r\n"
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			text += part("Host", "Host", "host", "Content-Length", "content-length", "Transfer-Encoding", "X-A", " X-A", "\tHost", "").Draw(t, "name") +
				part(":", ": ", ":\t", " :", "").Draw(t, "colon") +
				part("x", "x", "y", "x:80", "5", "5", "0", "+5", "5, 5", "chunked", "chunked", "Chunked", "identity", "").Draw(t, "value") +
				part("", "", " ", "\t").Draw(t, "space") + end.Draw(t, "end")
		}
		text += end.Draw(t, "last") + part("", "0\r\n\r\n", "5\r\n12345\r\n0\r\n\r\n", "12345").Draw(t, "body") + "GET /next HTTP/1.1\r\nHost: x\r\n\r\n"

		in := bufio.NewReader(strings.NewReader(text))
		var ours fasthttp.Request
		var target fasthttp.URI
		if ours.Header.Read(in) != nil || httpapi.Ambiguous(&ours.Header) || target.Parse(ours.Header.Host(), ours.Header.RequestURI()) != nil {
			return
		}
		other := bufio.NewReader(strings.NewReader(text))
		theirs, err := http.ReadRequest(other)
		if err != nil {
			t.Fatalf("%q: the other refuses it: %v", text, err)
		}
		if a, b := string(ours.Header.Host()), theirs.Host; !strings.EqualFold(a, b) && a != "" {
			t.Fatalf("%q: for %q and %q", text, a, b)
		}
		if a, b := string(target.PathOriginal()), theirs.URL.Path; a != b && b != "" {
			t.Fatalf("%q: to %q and %q", text, a, b)
		}
		body, theirErr := io.ReadAll(theirs.Body)
		ourErr := ours.ContinueReadBody(in, 1<<10)
		if (ourErr == nil) != (theirErr == nil) || ourErr == nil && string(ours.Body()) != string(body) {
			t.Fatalf("%q: the body is %q, %v and %q, %v", text, ours.Body(), ourErr, body, theirErr)
		}
		rest, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		otherRest, err := io.ReadAll(other)
		if err != nil {
			t.Fatal(err)
		}
		if ourErr == nil && string(rest) != string(otherRest) {
			t.Fatalf("%q: behind it is %q and %q", text, rest, otherRest)
		}
	})
}
