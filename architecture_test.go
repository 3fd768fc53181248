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

// inner are the rings that may import only what is listed, of the standard library too. Further out it is free.
var inner = rings[:3]

// may says which libraries a folder, and those below it, may import. What an inner ring may, those around it may; what
// is listed otherwise is for those folders alone, and a library that is not listed is for nobody.
var may = map[string][]string{
	"domain": {
		"bytes", "cmp", "crypto/aes", "crypto/cipher", "crypto/hkdf", "crypto/hmac", "crypto/sha256", "crypto/subtle", "encoding/base32", "encoding/base64",
		"encoding/binary", "encoding/json", "errors", "fmt", "io", "iter", "log/slog", "maps", "math", "net/netip", "slices", "strconv",
		"strings", "time", "unicode", "unicode/utf8", "github.com/google/uuid", "golang.org/x/net/idna", "golang.org/x/text/cases", "golang.org/x/text/unicode/norm",
		"github.com/go-json-experiment/json",
	},
	"ports":                       {"context"},
	"application/transfer":        {"hash/maphash"},
	"ports/portstest":             {"pgregory.net/rapid"},
	"adapters":                    {"go.uber.org/zap"},
	"adapters/bcrypthash":         {"golang.org/x/crypto/bcrypt", "golang.org/x/crypto/argon2"},
	"adapters/bunstore":           {"github.com/uptrace/bun", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/jackc/puddle", "github.com/pressly/goose", "coffeeshop/migrations"},
	"adapters/bunstore/pgtest":    {"github.com/testcontainers"},
	"adapters/cli":                {"github.com/spf13/cobra", "github.com/schollz/progressbar", "golang.org/x/term"},
	"adapters/httpapi":            {"github.com/gofiber/fiber", "github.com/valyala/fasthttp", "github.com/danielgtaylor/huma", "github.com/swaggest/swgui", "golang.org/x/text/language"},
	"adapters/jwttoken":           {"github.com/golang-jwt"},
	"adapters/mail":               {"github.com/wneessen/go-mail"},
	"adapters/mail/transporttest": {"github.com/emersion/go-smtp", "github.com/emersion/go-sasl", "coffeeshop/ports/portstest"},
	"adapters/metrics":            {"github.com/prometheus"},
	"adapters/memstore":           {"coffeeshop/ports/portstest"},
	"adapters/othersystems":       {"github.com/jackc/pgx"},
	"adapters/riverjobs":          {"github.com/riverqueue", "github.com/jackc/pgx"},
	"bootstrap":                   {"go.uber.org/fx", "go.uber.org/dig", "go.uber.org/zap", "github.com/caarlos0/env", "github.com/joho/godotenv"},
	"docs/examples":               {"golang.org/x/oauth2", "github.com/MicahParks/keyfunc", "github.com/golang-jwt", "golang.org/x/time"},
	"bench":                       {"github.com/emersion/go-smtp", "github.com/gofiber/fiber", "github.com/golang-jwt/jwt", "github.com/jackc/pgx", "golang.org/x/crypto/bcrypt", "modernc.org/sqlite"},
	onlyTests:                     {"coffeeshop/adapters/memstore", "coffeeshop/adapters/bunstore/pgtest", "coffeeshop/adapters/mail/transporttest"},
}

// onlyTests stands for the files that may import everything.
const onlyTests = "only tests"

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
	ours := within(imported, module)
	standard := !ours && !strings.Contains(strings.Split(imported, "/")[0], ".")
	if standard && (!slices.Contains(inner, top(folder)) || within(folder, "ports/portstest")) {
		return ""
	}
	owners := ownersOf(imported, standard)
	allowed := slices.ContainsFunc(owners, func(owner string) bool {
		return within(folder, owner) || slices.Contains(inner, owner) && ring(owner) < ring(folder)
	})
	switch {
	case allowed && !ours:
		return ""
	case standard:
		return "it is not on the list of " + top(folder)
	case !allowed && slices.Equal(owners, []string{onlyTests}):
		return "it is for tests only"
	case !allowed && len(owners) > 0:
		return "only " + strings.Join(owners, " and ") + " may"
	case !ours:
		return "nobody owns it"
	}
	return crossed(folder, strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"))
}

// ownersOf returns whose lists hold the import. Of the standard library a list names each package, of others what is
// above it.
func ownersOf(imported string, exactly bool) []string {
	var owners []string
	for owner, listed := range may {
		if slices.ContainsFunc(listed, func(l string) bool { return imported == l || !exactly && within(imported, l) }) {
			owners = append(owners, owner)
		}
	}
	slices.Sort(owners)
	return owners
}

// crossed says which line between our own folders the import crosses; empty: none.
func crossed(folder, target string) string {
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
	return slices.Index(rings, top(folder))
}

func top(folder string) string { return strings.Split(folder, "/")[0] }

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
		{"domain", "log/slog", ""},
		{"domain", "github.com/google/uuid", ""},
		{"domain", "golang.org/x/net/idna", ""},
		{"domain", "golang.org/x/net/http2", "nobody owns it"},
		{"domain", "net", "it is not on the list of domain"},
		{"domain", "net/http", "it is not on the list of domain"},
		{"domain", "net/http/httptest", "it is not on the list of domain"},
		{"domain", "log", "it is not on the list of domain"},
		{"domain", "math/rand", "it is not on the list of domain"},
		{"domain", "math/rand/v2", "it is not on the list of domain"},
		{"domain", "database/sql/driver", "it is not on the list of domain"},
		{"domain", "os", "it is not on the list of domain"},
		{"domain", "unsafe", "it is not on the list of domain"},
		{"domain", "context", "it is not on the list of domain"},
		{"domain", "coffeeshop/ports", "domain must not see ports"},
		{"domain", "go.uber.org/zap", "only adapters and bootstrap may"},
		{"ports", "context", ""},
		{"ports", "time", ""},
		{"ports", "github.com/google/uuid", ""},
		{"ports", "os/exec", "it is not on the list of ports"},
		{"ports", "sync", "it is not on the list of ports"},
		{"ports", "testing", "it is not on the list of ports"},
		{"ports", "pgregory.net/rapid", "only ports/portstest may"},
		{"ports", "coffeeshop/domain", ""},
		{"ports", "coffeeshop/application", "ports must not see application"},
		{"ports", "coffeeshop/ports/portstest", "only adapters/mail/transporttest and adapters/memstore may"},
		{"ports/portstest", "testing", ""},
		{"ports/portstest", "sync/atomic", ""},
		{"ports/portstest", "pgregory.net/rapid", ""},
		{"ports/portstest", "github.com/google/uuid", ""},
		{"ports/portstest", "coffeeshop/ports", ""},
		{"ports/portstest", "coffeeshop/application", "ports must not see application"},
		{"ports/portstest", "github.com/uptrace/bun", "only adapters/bunstore may"},
		{"application", "context", ""},
		{"application", "net/netip", ""},
		{"application", "net/http", "it is not on the list of application"},
		{"application", "database/sql", "it is not on the list of application"},
		{"application", "os", "it is not on the list of application"},
		{"application/transfer", "encoding/csv", "it is not on the list of application"},
		{"application", "github.com/emersion/go-smtp", "only adapters/mail/transporttest and bench may"},
		{"application", "go.uber.org/zap/zapcore", "only adapters and bootstrap may"},
		{"application", "coffeeshop/ports", ""},
		{"application", "coffeeshop/adapters/bunstore", "application must not see adapters"},
		{"application", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"adapters/httpapi", "net/http", ""},
		{"adapters/httpapi", "github.com/google/uuid", ""},
		{"adapters/httpapi", "github.com/gofiber/fiber/v2/middleware", ""},
		{"adapters/httpapi", "go.uber.org/zap", ""},
		{"adapters/httpapi", "coffeeshop/application", ""},
		{"adapters/httpapi", "coffeeshop/adapters/bunstore", "adapters do not know each other"},
		{"adapters/httpapi", "coffeeshop/bootstrap", "adapters must not see bootstrap"},
		{"adapters/httpapi", "coffeeshop/ports/portstest", "only adapters/mail/transporttest and adapters/memstore may"},
		{"adapters/httpapi", "modernc.org/sqlite", "only adapters/bunstore and bench may"},
		{"adapters/httpapi", "github.com/mattn/go-sqlite3", "nobody owns it"},
		{"adapters/httpapi", "github.com/jackc/pgx/v5/pgxpool", "only adapters/bunstore and adapters/othersystems and adapters/riverjobs and bench may"},
		{"adapters/httpapi", "go.uber.org/fx/fxevent", "only bootstrap may"},
		{"adapters/mail/smtp", "coffeeshop/adapters/mail", ""},
		{"adapters/mail/smtp", "github.com/wneessen/go-mail", ""},
		{"adapters/mail/smtp", "coffeeshop/adapters/mail/transporttest", "it is for tests only"},
		{"adapters/mail/smtp", "github.com/emersion/go-smtp", "only adapters/mail/transporttest and bench may"},
		{"adapters/mail/transporttest", "github.com/emersion/go-smtp", ""},
		{"adapters/mail/transporttest", "coffeeshop/ports/portstest", ""},
		{"adapters/mailing", "github.com/wneessen/go-mail", "only adapters/mail may"},
		{"adapters/hashqueue", "coffeeshop/ports", ""},
		{"adapters/memstore", "coffeeshop/ports/portstest", ""},
		{"adapters/commonpasswords", "github.com/trustelem/zxcvbn/frequency", "nobody owns it"},
		{"adapters/bunstore", "coffeeshop/migrations", ""},
		{"adapters/bunstore", "github.com/testcontainers/testcontainers-go", "only adapters/bunstore/pgtest may"},
		{"adapters/bunstore/pgtest", "github.com/testcontainers/testcontainers-go/modules/postgres", ""},
		{"adapters/bunstore/pgtest", "github.com/jackc/pgx/v5", ""},
		{"adapters/riverjobs", "coffeeshop/migrations", "only adapters/bunstore may"},
		{"adapters/riverjobs", "coffeeshop/adapters/bunstore/pgtest", "it is for tests only"},
		{"migrations", "embed", ""},
		{"migrations", "github.com/pressly/goose/v3", "only adapters/bunstore may"},
		{"migrations", "coffeeshop/bootstrap", "adapters must not see bootstrap"},
		{"bootstrap", "coffeeshop/adapters/bunstore", ""},
		{"bootstrap", "go.uber.org/fx", ""},
		{"bootstrap", "github.com/spf13/cobra", "only adapters/cli may"},
		{"bootstrap", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"bootstrap", "coffeeshop", "bootstrap must not see "},
		{"bootstrap", "coffeeshop/bench", "bootstrap must not see bench"},
		{"bench", "coffeeshop/adapters/jwttoken", ""},
		{"bench", "github.com/gofiber/fiber/v2", ""},
		{"bench", "go.uber.org/fx", "only bootstrap may"},
		{"bench", "coffeeshop/adapters/memstore", "it is for tests only"},
		{"", "os", ""},
		{"", "coffeeshop/bootstrap", ""},
		{"", "coffeeshop/bench", "main knows only bootstrap"},
		{"", "coffeeshop/adapters/cli", "main knows only bootstrap"},
		{"", "go.uber.org/fx", "only bootstrap may"},
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
