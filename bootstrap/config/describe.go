package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"coffeeshop/domain"
)

// Setting describes a variable, for people.
type Setting struct {
	Name    string
	Value   string // secrets are redacted; empty: none
	Default string // empty: none
	Meaning string // sentences
}

// Describe describes all variables, with their meanings from the text of .env.example, and returns the error of Load
// beside them.
func Describe(example string, environ map[string]string) ([]Setting, error) {
	meanings := meanings(example)
	l := load(environ)
	var all []Setting
	for _, v := range variables() {
		s := Setting{Name: v.name, Default: v.standard, Meaning: meanings[v.name], Value: l.given[v.name]}
		field := reflect.ValueOf(l.cfg).FieldByName(v.field)
		switch {
		case v.name == "DATABASE_URL":
			s.Value = redactURL(s.Value)
		case v.secret && s.Value != "":
			s.Value = domain.NewSecret(s.Value).String()
		case s.Value == "" && v.standard != "":
			s.Value = v.standard
		case s.Value == "" && !v.secret && (field.Kind() == reflect.Bool || !field.IsZero()): // the default depends on others
			s.Value = fmt.Sprint(field)
			s.Default = s.Value
		}
		all = append(all, s)
	}
	if len(l.errs) > 0 {
		return all, l.errs
	}
	return all, nil
}

// redactURL hides the passwords of a URL, and all of a text that is none.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if text == "" {
		return ""
	}
	if err != nil || u.Host == "" {
		return domain.NewSecret(text).String()
	}
	hidden := domain.NewSecret("x").String()
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	query := u.Query()
	for name := range query {
		if strings.Contains(strings.ToLower(name), "pass") {
			query.Set(name, hidden)
		}
	}
	u.RawQuery = query.Encode()
	return strings.NewReplacer(url.QueryEscape(hidden), hidden, url.PathEscape(hidden), hidden).Replace(u.String())
}

// meanings returns the comment above each variable of .env.example, or above the variable before it, without a line
// between.
func meanings(example string) map[string]string {
	all := map[string]string{}
	var comment []string
	named := false // the comment has its variable
	for line := range strings.Lines(example) {
		line = strings.TrimSpace(line)
		name, _, assigns := strings.Cut(strings.TrimPrefix(line, "#"), "=")
		switch {
		case assigns && !strings.ContainsAny(name, " "):
			all[name] = strings.Join(comment, " ")
			named = true
		case strings.HasPrefix(line, "# ") && !named:
			comment = append(comment, line[2:])
		case strings.HasPrefix(line, "# "):
			comment, named = []string{line[2:]}, false
		default:
			comment, named = nil, false
		}
	}
	return all
}
