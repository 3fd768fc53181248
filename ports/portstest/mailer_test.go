package portstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"coffeeshop/domain"
)

func TestLists_HaveAllThatTheDomainDeclares(t *testing.T) {
	t.Parallel()
	for _, p := range declared(t, "Purpose") {
		if !slices.Contains(domain.Purposes, domain.Purpose(p)) {
			t.Errorf("domain.Purposes lacks %s", p)
		}
	}
	for _, action := range declared(t, "Action") {
		if !slices.Contains(domain.Actions, domain.Action(action)) {
			t.Errorf("domain.Actions lacks %s", action)
		}
	}
	for _, kind := range declared(t, "NoticeKind") {
		if !slices.Contains(Notices, domain.NoticeKind(kind)) {
			t.Errorf("the suite does not know the notice %s", kind)
		}
	}
}

// declared returns the values of all constants of a type of the domain.
func declared(t *testing.T, typeName string) []string {
	t.Helper()
	sources, err := filepath.Glob("../../domain/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
				return false
			}
			for _, value := range spec.Values {
				if lit, ok := value.(*ast.BasicLit); ok {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, text)
				}
			}
			return false
		})
	}
	if len(values) == 0 {
		t.Fatalf("the domain has no constants of the type %s", typeName)
	}
	return values
}
