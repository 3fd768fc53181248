package httpapi_test

import (
	"strings"
	"testing"

	"coffeeshop/adapters/httpapi"
)

func TestOpenAPI_IsWhatTheServiceServes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	document := httpapi.OpenAPI(httpapi.Config{Version: "test"})
	a := w.send("GET", "/openapi.json", "").want(t, 200, "")
	if string(a.body) != string(document) || a.header.Get("Content-Type") != "application/json" {
		t.Error("the documents differ")
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]struct {
			OperationID, Summary string
			Tags                 []string
			Security             []map[string][]string
			Parameters           []struct{ Name, In string }
			Responses            map[string]struct{ Description string }
		}
	}
	a.into(t, &doc)
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "test" || len(doc.Paths) != 25 {
		t.Errorf("OpenAPI %s, version %s, %d paths", doc.OpenAPI, doc.Info.Version, len(doc.Paths))
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Responses["500"].Description != "`internal`" {
				t.Errorf("%s %s is not documented", method, path)
			}
			needsToken := strings.HasPrefix(path, "/users") || path == "/auth/logout-all"
			if needsToken != (len(op.Security) == 1 && op.Responses["401"].Description != "") {
				t.Errorf("%s %s: security %v", method, path, op.Security)
			}
			if len(op.Parameters) < strings.Count(path, "{") {
				t.Errorf("%s %s: parameters %v", method, path, op.Parameters)
			}
		}
	}
	if strings.Contains(string(document), "mailbox") {
		t.Error("the development mailbox is documented")
	}
}
