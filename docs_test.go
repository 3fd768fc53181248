package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements are those of ASVS 5.0, V6 to V9, that docs/security.md has to answer for: levels 1 and 2, and the
// ones of level 3 that were chosen.
var requirements = strings.Fields(`
	6.1.1 6.1.2 6.1.3 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.2.10 6.2.11 6.2.12
	6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.7 6.3.8 6.4.1 6.4.2 6.4.3 6.4.4 6.4.6 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5
	6.6.1 6.6.2 6.6.3 6.8.1 6.8.2 6.8.3 6.8.4
	7.1.1 7.1.2 7.1.3 7.2.1 7.2.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.5.3 7.6.1 7.6.2
	8.1.1 8.1.2 8.2.1 8.2.2 8.2.3 8.3.1 8.4.1
	9.1.1 9.1.2 9.1.3 9.2.1 9.2.2 9.2.3 9.2.4`)

var (
	testLink = regexp.MustCompile("\\[`((?:Test|Fuzz|Benchmark)\\w+)`\\]\\(\\.\\./([^)]+)\\)")
	testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)`")
	fileLink = regexp.MustCompile(`\]\(([^):#]+)\)`)
	// A requirement is answered by a row of the table, or by an entry of the list of those that do not apply.
	answered = regexp.MustCompile(`(?m)^(?:\| |- \*\*)(\d+\.\d+\.\d+)\b`)
)

// tests returns the tests of the repository: "file name".
func tests(t *testing.T) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil {
				all = append(all, filepath.ToSlash(path)+" "+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// faults returns one sentence for each requirement without an answer, and each test that is not where the document
// says, or that it names without a link.
func faults(document string, tests []string) []string {
	var found []string
	given := map[string]int{}
	for _, m := range answered.FindAllStringSubmatch(document, -1) {
		given[m[1]]++
	}
	for _, number := range requirements {
		if given[number] != 1 {
			found = append(found, fmt.Sprintf("%s is answered %d times", number, given[number]))
		}
	}
	links := testLink.FindAllStringSubmatch(document, -1)
	for _, m := range links {
		if !slices.Contains(tests, m[2]+" "+m[1]) {
			found = append(found, fmt.Sprintf("there is no %s in %s", m[1], m[2]))
		}
	}
	if named := testName.FindAllString(document, -1); len(named) != len(links) {
		found = append(found, fmt.Sprintf("%d tests are named, %d of them with a link", len(named), len(links)))
	}
	return found
}

func TestSecurityDocument_AnswersForEachRequirementAndNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults(string(document), tests(t)) {
		t.Error(fault)
	}
	for _, m := range fileLink.FindAllStringSubmatch(string(document), -1) {
		if _, err := os.Stat(filepath.Join("docs", m[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestSecurityDocument_WhatIsMissingIsFound(t *testing.T) {
	t.Parallel()
	var document strings.Builder
	for _, number := range requirements[1:] {
		fmt.Fprintf(&document, "| %s | so | [`TestA`](../a/a_test.go) |\n", number)
	}
	here := []string{"a/a_test.go TestA", "b/b_test.go TestB"}
	if got := faults(document.String()+"- **6.1.1** not here\n", here); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	for text, want := range map[string]string{
		"":                               "6.1.1 is answered 0 times",
		"[`TestC`](../a/a_test.go)":      "there is no TestC in a/a_test.go",
		"[`TestB`](../a/a_test.go)":      "there is no TestB in a/a_test.go",
		"`TestB`":                        "tests are named",
		"| 6.1.2 | twice |":              "6.1.2 is answered 2 times",
		"[`BenchmarkB`](../b/b_test.go)": "there is no BenchmarkB",
	} {
		got := strings.Join(faults(document.String()+text+"\n", here), "\n")
		if !strings.Contains(got, want) {
			t.Errorf("%q: found %q", text, got)
		}
	}
}
