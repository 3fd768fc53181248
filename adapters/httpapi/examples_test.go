package httpapi_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// sample is the body that the document shows for an operation: the example of the whole, else those of its members.
func (d *parsed) sample(m media) map[string]any {
	if whole, ok := m.Example.(map[string]any); ok {
		return whole
	}
	body := map[string]any{}
	for name, property := range d.Components.Schemas[strings.TrimPrefix(m.Schema.Ref, "#/components/schemas/")].Properties {
		if len(property.Examples) > 0 {
			body[name] = property.Examples[0]
		}
	}
	return body
}

// What the document shows can be sent: an answer may say that nobody has this code or token, but not that the input is
// wrong. (That examples fit their schemas is looked at by spectral.)
func TestOpenAPI_EveryExampleOfARequestIsTaken(t *testing.T) {
	t.Parallel()
	d, err := document()
	must(t, err)
	sent := 0
	for _, op := range d.operations {
		w := newWorld(t, func(o *options) {
			o.config.JWKS = func() []byte { return []byte(`{"keys":[]}`) }
			o.config.Ready = func(context.Context) error { return nil }
		})
		token, _ := w.admin()
		path := op.path
		query := url.Values{}
		for _, p := range op.Parameters {
			example, _ := p.Example.(string)
			if len(p.Schema.Examples) > 0 {
				example, _ = p.Schema.Examples[0].(string)
			}
			switch p.In {
			case "path":
				if example == "" {
					t.Errorf("%s shows no %s", op.OperationID, p.Name)
				}
				path = strings.ReplaceAll(path, "{"+p.Name+"}", example)
			case "query":
				if example != "" {
					query.Set(p.Name, example)
				}
			}
		}
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		var a answer
		if form, ok := op.RequestBody.Content["application/x-www-form-urlencoded"]; ok {
			values := url.Values{}
			for name, value := range d.sample(form) {
				values.Set(name, value.(string))
			}
			a = w.send(op.method, path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		} else if body, ok := op.RequestBody.Content["application/json"]; ok {
			text, err := json.Marshal(d.sample(body))
			must(t, err)
			if len(text) == 2 {
				t.Errorf("%s shows no body", op.OperationID)
			}
			a = w.as(token, op.method, path, string(text))
		} else {
			a = w.as(token, op.method, path, "")
		}
		sent++
		switch code := a.problem().Code; code {
		case "", "invalid_code", "invalid_credentials", "user_not_found", "session_not_found", "wrong_password", "token_malformed":
		default:
			t.Errorf("%s %s answered %d %s", op.method, path, a.status, a.body)
		}
	}
	if sent < 28 {
		t.Errorf("sent %d", sent)
	}
}
