package domain

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"testing"
)

func TestAllowed_RefusesTheWordsThatTheDocumentNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile("(?m)^- the context-specific words: (.+), with anything but letters around or between").FindSubmatch(text)
	if line == nil {
		t.Fatal("docs/security.md names no words")
	}
	var documented []string
	for _, word := range regexp.MustCompile("`([a-z]+)`").FindAllSubmatch(line[1], -1) {
		documented = append(documented, string(word[1]))
	}
	slices.Sort(documented)
	if known := slices.Sorted(slices.Values(productWords)); !slices.Equal(documented, known) {
		t.Errorf("documented %q, want %q", documented, known)
	}
	for _, word := range documented {
		for _, text := range []string{word, "1234" + word + "!", word[:3] + "-" + word[3:] + " 2026"} {
			err := PasswordToTry(text).Allowed(func(string) bool { return false }, Email{}, "", "")
			if !errors.Is(err, ErrPasswordProduct) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}
