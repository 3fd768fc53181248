package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "coffeeshop"

// rings are the folders, from the inside out. A package may import its own ring and those before it.
var rings = []string{"domain", "ports", "application", "adapters", "bootstrap", "bench", ""}

// owners says which folders alone may import a library.
var owners = map[string][]string{
	"go.uber.org/fx":                      {"bootstrap"},
	"go.uber.org/dig":                     {"bootstrap"},
	"github.com/caarlos0/env":             {"bootstrap"},
	"github.com/joho/godotenv":            {"bootstrap"},
	"go.uber.org/zap":                     {"adapters", "bootstrap"},
	"github.com/gofiber/fiber":            {"adapters/httpapi"},
	"github.com/valyala/fasthttp":         {"adapters/httpapi"},
	"github.com/danielgtaylor/huma":       {"adapters/httpapi"},
	"github.com/swaggest/swgui":           {"adapters/httpapi"},
	"github.com/uptrace/bun":              {"adapters/bunstore"},
	"modernc.org/sqlite":                  {"adapters/bunstore"},
	"github.com/pressly/goose":            {"adapters/bunstore"},
	"coffeeshop/migrations":               {"adapters/bunstore"},
	"github.com/testcontainers":           {"adapters/bunstore/pgtest"},
	"github.com/jackc/pgx":                {"adapters/bunstore", "adapters/riverjobs"},
	"github.com/riverqueue":               {"adapters/riverjobs"},
	"github.com/golang-jwt":               {"adapters/jwttoken"},
	"github.com/wneessen/go-mail":         {"adapters/mail"},
	"github.com/spf13/cobra":              {"adapters/cli"},
	"golang.org/x/crypto/bcrypt":          {"adapters/bcrypthash"},
	"github.com/trustelem/zxcvbn":         {}, // its data is in adapters/commonpasswords
	"coffeeshop/ports/portstest":          {},
	"coffeeshop/adapters/memstore":        {},
	"coffeeshop/adapters/bunstore/pgtest": {},
}

// The domain imports nothing but these and the standard library, and of that nothing that reaches outside.
var (
	domainMay    = []string{"github.com/google/uuid", "golang.org/x/net/idna"}
	domainMayNot = []string{"net/http", "database/sql", "os"}
)

// listed is what go list says of a package. Imports are those of its files without the tests, which may cross
// every line.
type listed struct {
	ImportPath string
	Imports    []string
}

// violations returns one sentence for each import that breaks the dependency rule.
func violations(packages []listed) []string {
	var found []string
	for _, p := range packages {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imported := range p.Imports {
			if why := broken(folder, imported); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, why))
			}
		}
	}
	return found
}

// broken says which rule the import breaks; empty: none.
func broken(folder, imported string) string {
	if within(folder, "bench") && !within(imported, module) {
		return "" // it measures libraries by themselves, too
	}
	for library, folders := range owners {
		owned := slices.ContainsFunc(folders, func(owner string) bool { return within(folder, owner) })
		if within(imported, library) && !owned && !within(module+"/"+folder, library) {
			if len(folders) == 0 {
				return "it is for tests only"
			}
			return "only " + strings.Join(folders, " and ") + " may"
		}
	}
	if within(folder, "domain") {
		outside := func(path string) bool { return within(imported, path) }
		standard := !strings.Contains(strings.Split(imported, "/")[0], ".") && !within(imported, module)
		if slices.ContainsFunc(domainMayNot, outside) || !standard && !within(imported, module) && !slices.ContainsFunc(domainMay, outside) {
			return "the domain knows nothing of the outside"
		}
	}
	if !within(imported, module) || within(folder, "migrations") {
		return ""
	}
	target := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
	from, to := ring(folder), ring(target)
	switch {
	case from < 0:
		return "the folder " + folder + " belongs to no ring: give it a place in the rule"
	case to > from:
		return rings[from] + " must not see " + rings[to]
	case rings[from] == "adapters" && adapter(folder) != adapter(target) && rings[to] == "adapters":
		return "adapters do not know each other"
	case rings[from] == "" && rings[to] != "bootstrap":
		return "main knows only bootstrap"
	}
	return ""
}

// ring returns the place of a folder in rings; -1 for none. The migrations belong to the adapter that runs them.
func ring(folder string) int {
	if within(folder, "migrations") {
		return slices.Index(rings, "adapters")
	}
	return slices.Index(rings, strings.Split(folder, "/")[0])
}

// adapter returns which adapter a folder belongs to.
func adapter(folder string) string {
	if within(folder, "migrations") {
		return "bunstore"
	}
	return strings.Split(folder+"/", "/")[1]
}

// within reports whether path is the given one or below it; versions of a module count as below.
func within(path, above string) bool { return path == above || strings.HasPrefix(path, above+"/") }

func TestArchitecture_HoldsInThisTree(t *testing.T) {
	t.Parallel()
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("go list found only %d packages", len(packages))
	}
	for _, violation := range violations(packages) {
		t.Error(violation)
	}
}

func TestArchitecture_ViolationsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, imported, want string }{
		{"domain", "errors", ""},
		{"domain", "crypto/hkdf", ""},
		{"domain", "github.com/google/uuid", ""},
		{"domain", "golang.org/x/net/idna", ""},
		{"domain", "golang.org/x/net/http2", "the domain knows nothing of the outside"},
		{"domain", "net/http", "the domain knows nothing of the outside"},
		{"domain", "net/http/httptest", "the domain knows nothing of the outside"},
		{"domain", "database/sql/driver", "the domain knows nothing of the outside"},
		{"domain", "os", "the domain knows nothing of the outside"},
		{"domain", "os/exec", "the domain knows nothing of the outside"},
		{"domain", "coffeeshop/ports", "domain must not see ports"},
		{"domain", "go.uber.org/zap", "only adapters and bootstrap may"},
		{"ports", "coffeeshop/domain", ""},
		{"ports", "coffeeshop/application", "ports must not see application"},
		{"ports", "coffeeshop/ports/portstest", "it is for tests only"},
		{"ports/portstest", "coffeeshop/ports", ""},
		{"application", "coffeeshop/ports", ""},
		{"application", "coffeeshop/adapters/bunstore", "application must not see adapters"},
		{"application", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"application", "go.uber.org/zap/zapcore", "only adapters and bootstrap may"},
		{"adapters/httpapi", "coffeeshop/application", ""},
		{"adapters/httpapi", "github.com/gofiber/fiber/v2/middleware", ""},
		{"adapters/httpapi", "coffeeshop/adapters/bunstore", "adapters do not know each other"},
		{"adapters/httpapi", "coffeeshop/bootstrap", "adapters must not see bootstrap"},
		{"adapters/httpapi", "github.com/uptrace/bun", "only adapters/bunstore may"},
		{"adapters/httpapi", "github.com/jackc/pgx/v5/pgxpool", "only adapters/bunstore and adapters/riverjobs may"},
		{"adapters/httpapi", "go.uber.org/fx/fxevent", "only bootstrap may"},
		{"adapters/httpapi", "go.uber.org/zap", ""},
		{"adapters/mail/smtp", "coffeeshop/adapters/mail", ""},
		{"adapters/mail/smtp", "github.com/wneessen/go-mail", ""},
		{"adapters/commonpasswords", "github.com/trustelem/zxcvbn/frequency", "it is for tests only"},
		{"adapters/mailing", "github.com/wneessen/go-mail", "only adapters/mail may"},
		{"adapters/bunstore", "coffeeshop/migrations", ""},
		{"adapters/riverjobs", "coffeeshop/migrations", "only adapters/bunstore may"},
		{"adapters/riverjobs", "coffeeshop/adapters/bunstore/pgtest", "it is for tests only"},
		{"adapters/bunstore/pgtest", "github.com/testcontainers/testcontainers-go/modules/postgres", ""},
		{"adapters/bunstore", "github.com/testcontainers/testcontainers-go", "only adapters/bunstore/pgtest may"},
		{"bootstrap", "coffeeshop/adapters/bunstore", ""},
		{"bootstrap", "go.uber.org/fx", ""},
		{"bootstrap", "github.com/spf13/cobra", "only adapters/cli may"},
		{"bootstrap", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"bootstrap", "coffeeshop", "bootstrap must not see "},
		{"bench", "coffeeshop/adapters/jwttoken", ""},
		{"bench", "github.com/gofiber/fiber/v2", ""},
		{"bench", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"bootstrap", "coffeeshop/bench", "bootstrap must not see bench"},
		{"", "coffeeshop/bench", "main knows only bootstrap"},
		{"", "coffeeshop/bootstrap", ""},
		{"", "coffeeshop/adapters/cli", "main knows only bootstrap"},
		{"utils", "coffeeshop/domain", "the folder utils belongs to no ring: give it a place in the rule"},
	} {
		t.Run(c.from+" imports "+c.imported, func(t *testing.T) {
			t.Parallel()
			path := strings.TrimSuffix(module+"/"+c.from, "/")
			var want []string
			if c.want != "" {
				want = []string{path + " imports " + c.imported + ": " + c.want}
			}
			if got := violations([]listed{{path, []string{"fmt", c.imported}}}); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

// list returns the packages of the tree.
func list(t *testing.T) []listed {
	t.Helper()
	look(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// look looks at every Go file: a result that go test has cached is then good only while none of them changes.
func look(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "data") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
