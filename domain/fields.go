package domain

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// The limits of a user's custom fields.
const (
	fieldsMaxBytes = 8 << 10
	fieldsMaxDepth = 16 // of objects and arrays, the whole among them
)

// Fields are custom fields of a user: one JSON object as compact text, in which names keep their order and numbers their
// digits. The zero Fields are none, which is not the same as an empty object.
type Fields struct{ text string }

// CustomFields are those of a user. They serve other applications, and decide nothing here.
type CustomFields struct {
	Profile Fields // changed by the user and by admins
	AppData Fields // changed by admins
}

// StoredFields wraps what Text gave.
func StoredFields(text string) Fields { return Fields{text} }

// Text is the JSON object; empty: none.
func (f Fields) Text() string { return f.text }

// IsZero reports whether there are none.
func (f Fields) IsZero() bool { return f.text == "" }

// Merge applies a merge patch (RFC 7396): an object, or null, which clears the whole. Name is the property that a fault is
// told of.
func (f Fields) Merge(name string, patch []byte) (Fields, error) {
	p, err := parseFields(name, patch)
	if err != nil {
		return Fields{}, err
	}
	if p.isNull() {
		return Fields{}, nil
	}
	var target jsonValue
	if f.text != "" {
		if target, err = parseFields(name, []byte(f.text)); err != nil {
			return Fields{}, err
		}
	}
	text := target.merge(p).append(nil)
	if len(text) > fieldsMaxBytes {
		return Fields{}, Invalid(name, "must have at most 8 KiB as compact JSON")
	}
	return Fields{string(text)}, nil
}

// jsonValue is a JSON value whose members stand in order.
type jsonValue struct {
	kind    jsontext.Kind // zero: absent
	scalar  string        // as JSON
	names   []string      // of an object
	members []jsonValue   // of an object or an array
}

func (v jsonValue) isNull() bool   { return v.kind == 'n' }
func (v jsonValue) isObject() bool { return v.kind == '{' }

// merge is MergePatch of RFC 7396 §2; v may be absent.
func (v jsonValue) merge(patch jsonValue) jsonValue {
	if !patch.isObject() {
		return patch
	}
	merged := jsonValue{kind: '{'}
	at := map[string]int{}
	if v.isObject() {
		merged.names, merged.members = slices.Clone(v.names), slices.Clone(v.members)
		for i, name := range v.names {
			at[name] = i
		}
	}
	for i, name := range patch.names {
		present, ok := at[name]
		if !ok {
			if patch.members[i].isNull() {
				continue
			}
			present, at[name] = len(merged.names), len(merged.names)
			merged.names, merged.members = append(merged.names, name), append(merged.members, jsonValue{})
		}
		if merged.members[present] = merged.members[present].merge(patch.members[i]); patch.members[i].isNull() {
			merged.members[present] = jsonValue{} // goes below, so that the places hold until then
		}
	}
	kept := merged
	kept.names, kept.members = nil, nil
	for i, member := range merged.members {
		if member.kind != 0 {
			kept.names, kept.members = append(kept.names, merged.names[i]), append(kept.members, member)
		}
	}
	return kept
}

// append writes the value as compact JSON.
func (v jsonValue) append(text []byte) []byte {
	switch v.kind {
	case '{':
		text = append(text, '{')
		for i, member := range v.members {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(quoted(text, v.names[i]), ':')
			text = member.append(text)
		}
		return append(text, '}')
	case '[':
		text = append(text, '[')
		for i, member := range v.members {
			if i > 0 {
				text = append(text, ',')
			}
			text = member.append(text)
		}
		return append(text, ']')
	}
	return append(text, v.scalar...)
}

// quoted appends a string, which is valid UTF-8, in JSON's shortest form.
func quoted(text []byte, s string) []byte {
	text, _ = jsontext.AppendQuote(text, s)
	return text
}

// parseFields reads an object or null.
func parseFields(name string, text []byte) (jsonValue, error) {
	in := jsontext.NewDecoder(bytes.NewReader(text))
	var fault *Error
	v, err := readJSON(in, name)
	if err == nil {
		if _, err = in.ReadToken(); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = Invalid(name, "must be one value")
		}
	}
	switch {
	case err == nil && (v.isObject() || v.isNull()):
		return v, nil
	case err == nil:
		return v, Invalid(name, "must be an object or null")
	case errors.As(err, &fault):
		return v, fault
	case errors.Is(err, jsontext.ErrDuplicateName):
		return v, Invalid(name, "must not have a name twice in an object")
	default:
		return v, Invalid(name, "must be well-formed JSON in UTF-8, without lone surrogates")
	}
}

func readJSON(in *jsontext.Decoder, name string) (jsonValue, error) {
	token, err := in.ReadToken()
	if err != nil {
		return jsonValue{}, err
	}
	v := jsonValue{kind: token.Kind()}
	switch v.kind {
	case '{', '[':
		if in.StackDepth() > fieldsMaxDepth {
			return v, Invalid(name, "must be at most 16 levels deep")
		}
		for in.PeekKind() != '}' && in.PeekKind() != ']' {
			if v.isObject() {
				token, err := in.ReadToken()
				if err != nil {
					return v, err
				}
				if v.names = append(v.names, token.String()); !printable(v.names[len(v.names)-1]) {
					return v, Invalid(name, "must not contain control characters other than tab and newline")
				}
			}
			member, err := readJSON(in, name)
			if err != nil {
				return v, err
			}
			v.members = append(v.members, member)
		}
		_, err = in.ReadToken()
		return v, err
	case '"':
		if !printable(token.String()) {
			return v, Invalid(name, "must not contain control characters other than tab and newline")
		}
		v.scalar = string(quoted(nil, token.String()))
	default:
		v.scalar = token.String() // a number's digits as they came
	}
	return v, nil
}

func printable(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return false
		}
	}
	return true
}
