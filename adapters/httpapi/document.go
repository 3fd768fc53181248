package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// render writes the document with the operations in the order in which they were registered: Huma would sort all names.
// It panics if the document cannot be marshalled, which would be a defect of this package.
func (a *API) render() []byte {
	whole := members(must(json.Marshal(a.huma.OpenAPI())))
	items := members(whole["paths"])
	var paths []string
	methods := map[string][]string{}
	for _, op := range a.operations {
		paths = append(paths, op.Path)
		methods[op.Path] = append(methods[op.Path], strings.ToLower(op.Method))
	}
	for path, item := range items {
		items[path] = arrange(members(item), methods[path])
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
