package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/valyala/fasthttp"
)

// BenchmarkMe counts what an authenticated call allocates between the connection and the store, which is memstore.
func BenchmarkMe(b *testing.B) {
	w := newWorld(b)
	w.verified("ada@example.com")
	pair := w.login("ada@example.com", password)
	w.as(pair.AccessToken, "GET", "/users/me", "").want(b, http.StatusOK, "") // marks the generation as delivered
	handle := w.api.Handler()
	var request fasthttp.Request
	request.SetRequestURI("/users/me")
	request.Header.Set("Authorization", "Bearer "+pair.AccessToken)
	var ctx fasthttp.RequestCtx
	ctx.Init(&request, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		handle(&ctx)
		if status := ctx.Response.StatusCode(); status != http.StatusOK {
			b.Fatal(status)
		}
	}
}
