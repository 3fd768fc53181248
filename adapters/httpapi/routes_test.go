package httpapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"coffeeshop/adapters/httpapi"
)

// The OpenAPI document has all operations; the rest are pages, which docs/security.md names.
func TestRoutes_AreTheOperationsOfTheDocumentAndItsPages(t *testing.T) {
	t.Parallel()
	raw := httpapi.OpenAPI(httpapi.Config{Version: "test"})
	var document struct {
		Paths map[string]map[string]any
	}
	must(t, json.Unmarshal(raw, &document))
	security, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	var pages []string
	api := httpapi.New(nil, httpapi.Config{Mailbox: mails{}}, zap.NewNop())
	for _, route := range api.Routes() {
		path := strings.NewReplacer(":session_id", "{session_id}", ":id", "{id}").Replace(route.Path)
		if document.Paths[path][strings.ToLower(route.Method)] != nil || route.Method == "HEAD" {
			continue
		}
		pages = append(pages, route.Method+" "+path)
		page, _, _ := strings.Cut(strings.TrimSuffix(path, "/+"), "/:")
		if !bytes.Contains(security, []byte("`"+page+"`")) {
			t.Errorf("docs/security.md does not name %s", page)
		}
	}
	slices.Sort(pages)
	if want := []string{"GET /", "GET /dev/mailbox", "GET /dev/mailbox/:name", "GET /docs", "GET /docs/+", "GET /openapi.json"}; !slices.Equal(pages, want) {
		t.Errorf("beside the document are %q", pages)
	}
}
