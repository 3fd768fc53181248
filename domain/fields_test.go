package domain_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"coffeeshop/domain"
)

func merge(t *testing.T, target, patch string) domain.Fields {
	t.Helper()
	f, err := domain.StoredFields(target).Merge("profile", []byte(patch))
	if err != nil {
		t.Fatalf("%s with %s: %v", target, patch, err)
	}
	return f
}

// The rows of RFC 7396, appendix A, whose target and result are objects, and others.
func TestMerge_DoesWhatRFC7396Says(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{``, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"a":1,"b":2,"c":3}`, `{"b":null,"d":4,"a":{"x":[null]}}`, `{"a":{"x":[null]},"c":3,"d":4}`},
		{`{"a":1}`, `null`, ``},
		{``, `{}`, `{}`},
		{``, "{ \"a\" : [ 1.10 , 1e400, 12345678901234567890, -0 ],\n\"\\u0062\":\"\\u00e9\\t<&>\\n\\\"\\\\\" }", `{"a":[1.10,1e400,12345678901234567890,-0],"b":"é\t<&>\n\"\\"}`},
	} {
		if got := merge(t, c[0], c[1]).Text(); got != c[2] {
			t.Errorf("%s with %s is %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

func TestMerge_RefusesWhatAStoreOrAReaderMightNotTake(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	large := func(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }
	for patch, good := range map[string]bool{
		deep(16): true, deep(17): false, deep(5000): false, `{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + "}": true,
		`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}": false,
		large(8192): true, large(8193): false,
		`{"a":"\t\n"}`: true, `{"a":"\r"}`: false, `{"a":"\u0000"}`: false, `{"a":"\u007f"}`: false, `{"a":"\u0085"}`: false, `{"\u0001":1}`: false,
		`{"a":"\ud83d\ude00"}`: true, `{"a":"\ud83d"}`: false, `{"\udc00":1}`: false, "{\"a\":\"\xff\"}": false,
		`{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `{"x":{"a":1,"a":null}}`: false,
		`[]`: false, `"a"`: false, `1`: false, `true`: false, ``: false, `{`: false, `{} {}`: false, `{"a":01}`: false, `{"a":NaN}`: false,
	} {
		f, err := domain.Fields{}.Merge("profile", []byte(patch))
		var fault *domain.Error
		switch {
		case good && err != nil:
			t.Errorf("%.40s: %v", patch, err)
		case !good && (!errors.As(err, &fault) || !errors.Is(err, domain.Invalid("", "")) || fault.Fields[0].Name != "profile" || !f.IsZero()):
			t.Errorf("%.40s is taken: %v", patch, err)
		}
	}
	// The limit is that of the result.
	half := large(5000)
	if _, err := domain.StoredFields(half).Merge("profile", []byte(strings.Replace(half, `"a"`, `"b"`, 1))); err == nil {
		t.Error("two halves are larger than the whole, and are taken")
	}
}

func FuzzFieldsMerge(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a":{"b":null,"c":[{"d":null}]}}`)
	f.Add(`{"a":1.10}`, `{"b":"\u00e9"}`)
	f.Fuzz(func(t *testing.T, target, patch string) {
		before, err := domain.Fields{}.Merge("profile", []byte(target))
		if err != nil {
			return
		}
		after, err := before.Merge("profile", []byte(patch))
		if err != nil {
			return
		}
		if again, err := after.Merge("profile", []byte(patch)); err != nil || again != after {
			t.Errorf("%s with %s is %s, and again %s, %v", before.Text(), patch, after.Text(), again.Text(), err)
		}
		var from, with, got any
		_ = json.Unmarshal([]byte(before.Text()), &from)
		_ = json.Unmarshal([]byte(patch), &with)
		if after.IsZero() {
			if with != nil {
				t.Errorf("%s with %s is nothing", before.Text(), patch)
			}
			return
		}
		if err := json.Unmarshal([]byte(after.Text()), &got); err == nil && !reflect.DeepEqual(got, mergedMaps(from, with)) {
			t.Errorf("%s with %s is %s", before.Text(), patch, after.Text())
		}
	})
}

// mergedMaps is MergePatch of RFC 7396 on what encoding/json reads.
func mergedMaps(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged := map[string]any{}
	if t, ok := target.(map[string]any); ok {
		for name, value := range t {
			merged[name] = value
		}
	}
	for name, value := range p {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = mergedMaps(merged[name], value)
		}
	}
	return merged
}
