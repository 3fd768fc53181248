package licenses_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	classify "github.com/google/licenseclassifier/v2"
	"github.com/google/licenseclassifier/v2/assets"
)

var update = flag.Bool("update", false, "write third_party.txt")

// allowed are the licences that code of the program may have.
var allowed = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "ISC"}

// text is a licence, with whatever is under it.
type text struct {
	names []string // module and version, and the folder within it
	body  string
}

// listed is a package of the program, as go list shows it.
type listed struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// The texts are those of the modules that the program links, in the versions of go.mod.
// `go test ./licenses -update` writes them anew.
func TestThirdParty_HasTheLicenceOfEveryLinkedModule(t *testing.T) {
	t.Parallel()
	want := render(collect(t))
	if *update {
		if err := os.WriteFile("third_party.txt", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("third_party.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("third_party.txt is not what go.mod says: run go test ./licenses -update")
	}
}

func TestThirdParty_IsUnderLicencesThatAllowIt(t *testing.T) {
	t.Parallel()
	classifier, err := assets.DefaultClassifier()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range collect(t) {
		var found []string
		for _, match := range classifier.Match([]byte(l.body)).Matches {
			if match.MatchType == "License" {
				found = append(found, match.Name)
			}
		}
		if len(found) == 0 {
			t.Errorf("nobody knows the licence of %v", l.names)
		}
		for _, name := range found {
			if !slices.Contains(allowed, name) {
				t.Errorf("%v is under %s", l.names, name)
			}
		}
	}
	ours, err := os.ReadFile("../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if matches := classifier.Match(ours).Matches; !slices.ContainsFunc(matches, func(m *classify.Match) bool { return m.Name == "MIT" }) {
		t.Errorf("our own licence is %v", matches)
	}
}

// collect reads the licences of the linked packages: those of their folders, up to the module's.
func collect(t *testing.T) []text {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Dir,Standard,Module", "coffeeshop")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	byBody := map[string]*text{}
	add := func(name, file string) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		key := strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n"))
		if byBody[key] == nil {
			byBody[key] = &text{body: key}
		}
		if l := byBody[key]; !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.Module == nil || p.Module.Main {
			continue
		}
		found := false
		for dir := p.Dir; ; dir = filepath.Dir(dir) {
			for _, file := range licencesIn(t, dir) {
				found = true
				within, _ := filepath.Rel(p.Module.Dir, dir)
				add(strings.TrimSuffix(p.Module.Path+" "+p.Module.Version+" "+filepath.ToSlash(within), " ."), file)
			}
			if dir == p.Module.Dir {
				break
			}
		}
		if !found {
			t.Errorf("%s has no licence", p.Module.Path)
		}
	}
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	add("the Go standard library and runtime", filepath.Join(strings.TrimSpace(string(root)), "LICENSE"))
	add("adapters/commonpasswords/list.txt, of github.com/trustelem/zxcvbn", "../adapters/commonpasswords/LICENSE-zxcvbn.txt")
	var all []text
	for _, l := range byBody {
		slices.Sort(l.names)
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b text) int { return strings.Compare(a.names[0], b.names[0]) })
	return all
}

// licencesIn are the files of a folder that are named as licences are, and notices of copyright.
func licencesIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name, _, _ := strings.Cut(strings.ToUpper(entry.Name()), ".")
		if entry.Type().IsRegular() && slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE"}, name) && filepath.Ext(entry.Name()) != ".go" {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	return files
}

func render(all []text) []byte {
	var out bytes.Buffer
	for _, l := range all {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(l.names, "\n"), l.body)
	}
	return out.Bytes()
}
