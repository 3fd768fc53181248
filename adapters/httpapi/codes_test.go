package httpapi_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"coffeeshop/adapters/httpapi"
)

const problemType = "application/problem+json"

// operation is one of the document's operations, as far as the tests look at it.
type operation struct {
	OperationID string
	Parameters  []struct {
		Name, In string
		Required bool
		Example  any
		Schema   schema
	}
	RequestBody struct{ Content map[string]media }
	Responses   map[string]struct {
		Description string
		Content     map[string]media
	}
	method, path string
	pattern      *regexp.Regexp
}

type media struct {
	Schema   schema
	Example  any
	Examples map[string]struct{ Value json.RawMessage }
}

type schema struct {
	Ref        string `json:"$ref"`
	Examples   []any
	Enum       []string
	AllOf      []schema
	Properties map[string]schema
}

// codes are those that an answer of problems may have.
func (m media) codes() []string {
	if len(m.Schema.AllOf) != 2 {
		return nil
	}
	return m.Schema.AllOf[1].Properties["code"].Enum
}

type parsed struct {
	Info       struct{ Description string }
	Paths      map[string]map[string]*operation
	Components struct{ Schemas map[string]schema }
	operations []*operation // sorted, and those of paths without parameters first
}

var document = sync.OnceValues(func() (*parsed, error) {
	var d parsed
	if err := json.Unmarshal(httpapi.OpenAPI(httpapi.Config{Version: "test"}), &d); err != nil {
		return nil, err
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			op.pattern = regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
			d.operations = append(d.operations, op)
		}
	}
	slices.SortFunc(d.operations, func(a, b *operation) int {
		if by := strings.Count(a.path, "{") - strings.Count(b.path, "{"); by != 0 {
			return by
		}
		return strings.Compare(a.path+a.method, b.path+b.method)
	})
	return &d, nil
})

var parameter = regexp.MustCompile(`\\{[a-z_]+\\}`)

// operationAt finds the operation that answers a request; nil: none does.
func (d *parsed) operationAt(method, target string) *operation {
	path, _, _ := strings.Cut(target, "?")
	for _, op := range d.operations {
		if op.method == method && op.pattern.MatchString(path) {
			return op
		}
	}
	return nil
}

// declares fails the test when a problem has a code that the document does not name for the operation and status.
func declares(t testing.TB, method, target string, a answer) {
	t.Helper()
	d, err := document()
	must(t, err)
	op := d.operationAt(method, target)
	mediaType := a.header.Get("Content-Type") // of an OAuth error, application/json
	if op == nil || a.status < 400 || mediaType != problemType && mediaType != "application/json" || slices.Contains(httpapi.Everywhere, a.problem().Code) {
		return
	}
	if code, status := a.problem().Code, strconv.Itoa(a.status); !slices.Contains(op.Responses[status].Content[mediaType].codes(), code) {
		t.Errorf("%s %s answers %s with the code %q, which the document does not name there", method, target, status, code)
	}
}

var inBackquotes = regexp.MustCompile("`([a-z_]+)`")

func TestOpenAPI_TheCodesOfEachStatusAreAnEnumWithAnExampleEach(t *testing.T) {
	t.Parallel()
	d, err := document()
	must(t, err)
	found := 0
	for _, op := range d.operations {
		for status, response := range op.Responses {
			problems, ok := response.Content[problemType]
			if op.path == "/auth/token" && status >= "400" {
				problems, ok = response.Content["application/json"]
			}
			if !ok {
				continue
			}
			found++
			codes := slices.Sorted(slices.Values(problems.codes()))
			if len(codes) == 0 || len(slices.Compact(slices.Clone(codes))) != len(codes) {
				t.Errorf("%s %s has the codes %q", op.OperationID, status, codes)
			}
			if examples := slices.Sorted(maps.Keys(problems.Examples)); !slices.Equal(examples, codes) {
				t.Errorf("%s %s has the codes %q and examples of %q", op.OperationID, status, codes, examples)
			}
			var told []string
			for _, m := range inBackquotes.FindAllStringSubmatch(response.Description, -1) {
				told = append(told, m[1])
			}
			if slices.Sort(told); !slices.Equal(told, codes) {
				t.Errorf("%s %s has the codes %q and tells of %q", op.OperationID, status, codes, told)
			}
		}
	}
	if found < 150 {
		t.Errorf("only %d answers have codes", found)
	}
	for _, code := range httpapi.Everywhere {
		if !strings.Contains(d.Info.Description, "`"+code+"`") {
			t.Errorf("the document does not say that any request may get %s", code)
		}
	}
}

func TestOpenAPI_ProbesAndKeysNameNoFailureOfTheDatabase(t *testing.T) {
	t.Parallel()
	d, err := document()
	must(t, err)
	for path, want := range map[string][]string{"/healthz": nil, "/readyz": {"not_ready"}, "/.well-known/jwks.json": nil} {
		if got := d.Paths[path]["get"].Responses["503"].Content[problemType].codes(); !slices.Equal(got, want) {
			t.Errorf("%s names %q", path, got)
		}
	}
}
