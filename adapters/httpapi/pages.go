package httpapi

import (
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
)

// callQuery is the query of a call, from which the link to the next page is made.
type callQuery struct{ values url.Values }

// Resolve implements huma.Resolver.
func (q *callQuery) Resolve(ctx huma.Context) []error {
	q.values = url.Values{}
	for name, value := range humafiber.Unwrap(ctx).Context().QueryArgs().All() {
		q.values.Set(string(name), string(value))
	}
	return nil
}

// nextLink is the Link to the next page: a query alone, so that it holds behind any host and prefix.
func (q *callQuery) nextLink(cursor string) string {
	if cursor == "" {
		return ""
	}
	q.values.Set("cursor", cursor)
	return "<?" + q.values.Encode() + `>; rel="next"`
}
