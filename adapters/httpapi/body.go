package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
)

// The media types.
const (
	typeJSON       = "application/json"
	typeMergePatch = "application/merge-patch+json"
	typeProblem    = "application/problem+json"
	typeForm       = "application/x-www-form-urlencoded"
)

// inspected refuses bodies that Huma would read more leniently than it should. An empty body stands for one without
// members, unless it needs some.
func inspected(mediaTypes []string, needed bool, inspect func(*request, []byte) *Problem) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c, r := humafiber.Unwrap(ctx), requestOf(ctx.Context())
		if len(c.Request().Body()) == 0 && !needed {
			c.Request().SetBodyString("{}")
		} else if given := c.Get(fiber.HeaderContentType); !slices.ContainsFunc(mediaTypes, func(want string) bool { return isMediaType(given, want) }) {
			p := errMediaType.with(r)
			p.Detail = fmt.Sprintf("The body has to be %s in UTF-8, and %s came.", strings.Join(mediaTypes, " or "), nameOf(given))
			p.send(c)
			return
		}
		c.Request().Header.SetContentType(mediaTypes[0]) // Huma compares to the letter
		if p := inspect(r, c.Request().Body()); p != nil {
			p.with(r, p.Errors...).send(c)
			return
		}
		next(ctx)
	}
}

// nameOf is a media type or an encoding as a message may quote it.
func nameOf(given string) string {
	switch {
	case given == "":
		return "none"
	case len(given) > requestIDMaxBytes, strings.ContainsFunc(given, func(r rune) bool { return !isWordRune(r) && !strings.ContainsRune("/+;= ", r) }):
		return "another one"
	}
	return given
}

func isMediaType(header, want string) bool {
	mediaType, params, err := mime.ParseMediaType(header)
	if err != nil || mediaType != want {
		return false
	}
	for name, value := range params {
		if name == "charset" && !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

func faulty(p *Problem, location, message string) *Problem {
	return p.with(&request{}, FaultyPart{Location: location, Message: message})
}

// inspectJSON refuses what encoding/json and Huma accept: text that is not UTF-8, and members that appear twice. It notes
// control characters, and null where the schema of the body does not allow it. Null is looked for in the outermost object:
// what is below it are custom fields, which the domain has rules for.
func inspectJSON(r *request, data []byte, schema *huma.Schema) *Problem {
	if !utf8.Valid(data) {
		return faulty(errMalformedJSON, "body", "must be valid UTF-8")
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for count := 0; ; count++ {
		if count > 0 && d.StackDepth() == 0 {
			if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
				return faulty(errMalformedJSON, "body", "must be one JSON value and nothing else")
			}
			return nil
		}
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			return faulty(errMalformedJSON, duplicate(err), "must not appear twice")
		case err != nil:
			return faulty(errMalformedJSON, "body", "is not well-formed")
		}
		switch token.Kind() {
		case '"':
			// The pointer is as long as the value is deep: it is made for the parts that are told, and for no other.
			if d.StackDepth() == 1 && len(r.faulty) < faultyMost && strings.ContainsFunc(token.String(), unicode.IsControl) {
				r.note(locationOf(d.StackPointer()), "must not contain control characters")
			}
		case 'n':
			if d.StackDepth() == 1 && forbidsNull(schema, d.StackPointer().LastToken()) {
				r.note(locationOf(d.StackPointer()), "must not be null")
			}
		}
	}
}

func forbidsNull(schema *huma.Schema, name string) bool {
	property := schema.Properties[name]
	return property != nil && !property.Nullable
}

func duplicate(err error) string {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return locationOf(syntactic.JSONPointer)
	}
	return "body"
}

func locationOf(pointer jsontext.Pointer) string {
	location := "body"
	for name := range pointer.Tokens() {
		if location += "." + name; len(location) > requestIDMaxBytes {
			break // cleanLocation cuts it anyway
		}
	}
	return cleanLocation(location)
}

// inspectForm refuses forms that a parser would accept although they are ambiguous or not plain text.
func inspectForm(r *request, data []byte) *Problem {
	values, err := url.ParseQuery(string(data))
	if err != nil || len(data) == 0 {
		return errMalformedForm
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		location := cleanLocation("body." + name)
		if len(values[name]) > 1 {
			return faulty(errMalformedForm, location, "must not appear twice")
		}
		text := name + values[name][0]
		if !utf8.ValidString(text) {
			return faulty(errMalformedForm, location, "must be valid UTF-8")
		}
		if strings.ContainsFunc(text, unicode.IsControl) {
			r.note(location, "must not contain control characters")
		}
	}
	return nil
}

// formFormat makes Huma read forms into the same kinds of types as JSON.
var formFormat = huma.Format{
	Marshal: func(io.Writer, any) error { return errors.New("answers are never forms") },
	Unmarshal: func(data []byte, v any) error {
		values, err := url.ParseQuery(string(data))
		if err != nil {
			return fmt.Errorf("parse the form: %w", err)
		}
		object := make(map[string]string, len(values))
		for name := range values {
			object[name] = values.Get(name)
		}
		text, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("marshal the form: %w", err)
		}
		return json.Unmarshal(text, v)
	},
}
