package httpapi_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
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
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "test" || len(doc.Paths) != 31 {
		t.Errorf("OpenAPI %s, version %s, %d paths", doc.OpenAPI, doc.Info.Version, len(doc.Paths))
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Responses["500"].Description != "`internal`" {
				t.Errorf("%s %s is not documented", method, path)
			}
			alternatives := []map[string][]string{}
			if strings.HasPrefix(path, "/users") || path == "/audit-events" || path == "/auth/logout-all" {
				alternatives = []map[string][]string{{"bearer": {}}, {"password": {}}}
			}
			if !reflect.DeepEqual(op.Security, alternatives) || len(alternatives) > 0 && op.Responses["401"].Description == "" {
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

func TestOpenAPI_NamesThePublicAddress(t *testing.T) {
	t.Parallel()
	for public, want := range map[string][2]string{
		"":                       {"/", "/auth/token"},
		"/":                      {"/", "/auth/token"},
		"https://x.example/api/": {"https://x.example/api/", "https://x.example/api/auth/token"},
	} {
		var doc struct {
			Servers    []struct{ URL string }
			Components struct {
				SecuritySchemes struct {
					Password struct {
						Flows struct{ Password struct{ TokenURL string } }
					}
				}
			}
		}
		if err := json.Unmarshal(httpapi.OpenAPI(httpapi.Config{PublicURL: public}), &doc); err != nil {
			t.Fatal(err)
		}
		if token := doc.Components.SecuritySchemes.Password.Flows.Password.TokenURL; len(doc.Servers) != 1 || doc.Servers[0].URL != want[0] || token != want[1] {
			t.Errorf("for %q the document names %v and %q", public, doc.Servers, token)
		}
	}
}

func TestOpenAPI_OperationsStandInTheOrderOfUse(t *testing.T) {
	t.Parallel()
	document := httpapi.OpenAPI(httpapi.Config{Version: "test"})
	var ids []string
	for _, m := range regexp.MustCompile(`"operationId": "([^"]+)"`).FindAllSubmatch(document, -1) {
		ids = append(ids, string(m[1]))
	}
	// Those of one path stand together, in the order of use among themselves.
	steps := []string{"sign-up", "verify", "log-in", "refresh", "log-out", "get-me", "list-users", "get-user", "update-user", "delete-user", "block-user", "health"}
	if got := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(steps, id) }); !slices.Equal(got, steps) {
		t.Errorf("the operations are %q", got)
	}
	previous := 0
	for _, member := range []string{"openapi", "info", "servers", "tags", "paths", "components"} {
		at := bytes.Index(document, []byte("\n  \""+member+"\": "))
		if at <= previous && member != "openapi" {
			t.Errorf("%s stands at byte %d, after %d", member, at, previous)
		}
		previous = at
	}
}
