package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// inOrder are the operations in the order in which a client comes to need them; the document and Swagger UI show them
// so. The order in which they are registered is that of routing.
var inOrder = []string{
	"sign-up", "verify", "resend", "log-in", "token", "refresh", "log-out", "log-out-all", "forgot-password", "reset-password",
	"get-me", "update-me", "change-password", "confirm-email", "delete-me", "delete-own-account", "list-own-sessions", "end-own-sessions", "end-own-session",
	"list-users", "get-user", "update-user", "delete-user", "block-user", "unblock-user",
	"list-sessions", "end-sessions", "end-session",
	"keys", "health", "ready",
}

// render writes the document in the order of a reader: Huma would sort all names. It panics if the document cannot be
// marshalled, which would be a defect of this package.
func render(api huma.API) []byte {
	doc := api.OpenAPI()
	var paths, methods []string
	for _, id := range inOrder {
		for path, item := range doc.Paths {
			for method, op := range operationsOf(item) {
				if op.OperationID == id {
					paths, methods = append(paths, path), append(methods, method)
				}
			}
		}
	}
	whole := members(must(json.Marshal(doc)))
	items := members(whole["paths"])
	for path, item := range items {
		var of []string
		for i := range paths {
			if paths[i] == path {
				of = append(of, methods[i])
			}
		}
		items[path] = arrange(members(item), of)
	}
	whole["paths"] = arrange(items, paths)
	plain := arrange(whole, []string{"openapi", "info", "servers", "tags", "paths", "components"})
	var out bytes.Buffer
	if err := json.Indent(&out, plain, "", "  "); err != nil {
		panic(fmt.Errorf("indent the OpenAPI document: %w", err))
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// operationsOf returns the operations of a path, by method as the document writes it.
func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{"get": item.Get, "post": item.Post, "put": item.Put, "patch": item.Patch, "delete": item.Delete}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

// arrange writes an object whose named members come first, in this order. The others follow, sorted.
func arrange(object map[string]json.RawMessage, first []string) json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	written := map[string]bool{}
	for _, name := range append(slices.Clone(first), slices.Sorted(maps.Keys(object))...) {
		if object[name] == nil || written[name] {
			continue
		}
		if len(written) > 0 {
			out.WriteByte(',')
		}
		written[name] = true
		out.Write(must(json.Marshal(name)))
		out.WriteByte(':')
		out.Write(object[name])
	}
	out.WriteByte('}')
	return out.Bytes()
}

func members(object json.RawMessage) (all map[string]json.RawMessage) {
	if err := json.Unmarshal(object, &all); err != nil {
		panic(fmt.Errorf("read the OpenAPI document: %w", err))
	}
	return all
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(fmt.Errorf("marshal the OpenAPI document: %w", err))
	}
	return text
}
