package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?s)\n( *)```go\n(.*?)\n *```\n")

// The Go code in these documents names its file in the first line. It compiles there, and keeps the
// dependency rule.
func TestExamples_CompileWhereTheyBelong(t *testing.T) {
	t.Parallel()
	found := 0
	for _, document := range []string{"README.md", "CONTRIBUTING.md", "docs/clients.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
			found++
			code := strings.ReplaceAll("\n"+block[2], "\n"+block[1], "\n")[1:]
			name := strings.TrimSpace(strings.TrimPrefix(strings.SplitN(code, "\n", 2)[0], "//"))
			t.Run(document+" "+name, func(t *testing.T) {
				t.Parallel()
				compiles(t, name, code)
			})
		}
	}
	if found == 0 {
		t.Error("there are no examples")
	}
}

var fileBlock = regexp.MustCompile("(?s)\n```[a-z]+\n// (docs/examples/[^\n]+)\n\n(.*?\n)```\n")

// A block of a document that names a file of docs/examples is that file, which tests run.
func TestExamples_InDocumentsAreTheFilesThatTestsRun(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fileBlock.FindAllStringSubmatch(string(text), -1) {
			found++
			if file, err := os.ReadFile(block[1]); err != nil || string(file) != block[2] {
				t.Errorf("%s does not show %s as it is: %v", document, block[1], err)
			}
		}
	}
	if found < 4 {
		t.Errorf("found %d files", found)
	}
}

func compiles(t *testing.T, name, code string) {
	t.Helper()
	if path.Ext(name) != ".go" {
		t.Fatalf("the first line %q names no file", name)
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, overlay := filepath.Join(dir, "example.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, name): file}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{file: []byte(code), overlay: text} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	folder := "./" + path.Dir(name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-overlay", overlay, "-json=ImportPath,Imports", folder).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p listed
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	for _, violation := range violations([]listed{p}) {
		t.Error(violation)
	}
}
