package httpapi

import (
	"errors"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"coffeeshop/domain"
)

// Conditional is the part of an input that says for which versions of the user it is meant, by If-Match (RFC 9110
// §13.1.1). Huma reads exported types only.
type Conditional struct {
	IfMatch string `header:"If-Match" example:"\"3\"" doc:"The ETag of the user that the change is meant for, or several; another version is a 412. Without it, or with *, any version."`
	when    domain.Versions
}

// Resolve implements huma.Resolver. A header in several lines is one list.
func (in *Conditional) Resolve(ctx huma.Context) []error {
	var lines []string
	for _, line := range humafiber.Unwrap(ctx).Request().Header.PeekAll("If-Match") {
		lines = append(lines, string(line))
	}
	if len(lines) == 0 {
		return nil
	}
	when, err := parseIfMatch(strings.Join(lines, ","))
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "header.If-Match", Message: err.Error()}}
	}
	in.when = when
	return nil
}

var errIfMatch = errors.New(`must be * or entity tags such as "3"`)

// parseIfMatch reads the versions of an If-Match. A weak tag, and one that is none of ours, matches no version.
func parseIfMatch(text string) (domain.Versions, error) {
	if strings.TrimSpace(text) == "*" {
		return nil, nil
	}
	versions, some := domain.Versions{}, false
	for rest := text; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			break
		}
		tag, weak := strings.CutPrefix(rest, "W/")
		tag, quoted := strings.CutPrefix(tag, `"`)
		tag, after, closed := strings.Cut(tag, `"`)
		if rest = strings.TrimLeft(after, " \t"); !quoted || !closed || strings.ContainsAny(tag, " \t") || rest != "" && rest[0] != ',' {
			return nil, errIfMatch
		}
		some = true
		if version, err := strconv.ParseInt(tag, 10, 64); err == nil && !weak && entityTag(version) == `"`+tag+`"` {
			versions = append(versions, version)
		}
	}
	if !some {
		return nil, errIfMatch
	}
	return versions, nil
}

// entityTag is the strong ETag of a version.
func entityTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
