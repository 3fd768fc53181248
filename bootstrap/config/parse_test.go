package config

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestSecurityDocument_NamesEveryLimitWithItsDefaultAndWhatItCounts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(LIMIT_[A-Z_]+)` \\| (\\S+) \\| \\w[^|]+ \\| \\w[^|]+ \\|$").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = row[2]
	}
	known := map[string]string{}
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("env"); strings.HasPrefix(name, "LIMIT_") {
			known[name] = field.Tag.Get("envDefault")
		}
	}
	if !maps.Equal(documented, known) {
		t.Errorf("documented %v, want %v", documented, known)
	}
}
