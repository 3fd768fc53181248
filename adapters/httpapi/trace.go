package httpapi

import (
	"regexp"
	"strings"
)

// traceparent is the header of W3C Trace Context, of version 00 and of later ones, which begin like it.
var traceparent = regexp.MustCompile(`^(?:00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}|(?:0[1-9a-f]|[1-9a-e][0-9a-f]|f[0-9a-e])-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)$`)

// traceID is the id of the trace that a header tells; empty: none.
func traceID(header string) string {
	if header == "" {
		return ""
	}
	found := traceparent.FindStringSubmatch(header)
	if len(found) == 0 || strings.Trim(found[1]+found[2], "0") == "" {
		return ""
	}
	return strings.Clone(found[1] + found[2])
}
