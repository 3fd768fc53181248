package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"coffeeshop/domain"
)

// maxSecretFile is far more than any secret has: a wrong path should not be read into memory.
const maxSecretFile = 64 << 10

// Environ returns the environment of the process, over that of a .env file in the working directory, if there is one.
// Its warnings name variables that look like mistakes.
func Environ() (environ map[string]string, warnings []string, err error) {
	environ, err = godotenv.Read(".env")
	if errors.Is(err, fs.ErrNotExist) {
		environ, err = map[string]string{}, nil
	}
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return nil, nil, fmt.Errorf("read .env: %w", err)
	case err != nil: // godotenv's own errors quote the file, secrets and all
		return nil, nil, errors.New(".env: cannot be understood; allowed: lines of the form NAME=value, values with spaces, # or $ in 'single quotes'")
	}
	names := names()
	for name := range environ {
		if !slices.Contains(names, name) {
			warnings = append(warnings, name+" in .env: nothing reads it")
		}
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if i := slices.IndexFunc(names, func(known string) bool { return oneLetterApart(name, known) }); i >= 0 && !slices.Contains(names, name) {
			warnings = append(warnings, name+" in the environment: nothing reads it; "+names[i]+" is meant perhaps")
		}
		environ[name] = value
	}
	slices.Sort(warnings)
	return environ, warnings, nil
}

// oneLetterApart reports whether one letter added, removed or replaced makes b of a.
func oneLetterApart(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 && a != b
}

// Load reads the variables. An empty one counts as absent. It reports all wrong values together, as Errors; the Config
// beside them holds the values that could be read.
func Load(environ map[string]string) (Config, error) {
	l := load(environ)
	if len(l.errs) > 0 {
		return l.cfg, l.errs
	}
	return l.cfg, nil
}

func load(environ map[string]string) *loader {
	given := maps.Clone(environ)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	l := &loader{given: given, refused: map[string]bool{}}
	l.readFiles()
	l.bind()
	l.check()
	return l
}

// loader is a Config in the making.
type loader struct {
	given   map[string]string
	cfg     Config
	errs    Errors
	refused map[string]bool // the names in errs: a second error would only confuse
}

func (l *loader) refuse(name, wrong, allowed string) {
	if !l.refused[name] {
		l.refused[name] = true
		l.errs = append(l.errs, Error{name, wrong, allowed})
	}
}

func (l *loader) isGiven(name string) bool { return l.given[name] != "" }

// readFiles reads the files of NAME_FILE variables into the values of NAME.
func (l *loader) readFiles() {
	for _, v := range variables() {
		file := v.name + fileSuffix
		if !v.secret || !l.isGiven(file) {
			continue
		}
		allowed := "the path of a readable file that holds the value of " + v.name
		if l.isGiven(v.name) {
			l.refuse(file, "is set beside "+v.name, "only one of the two")
			continue
		}
		text, err := readSecretFile(l.given[file])
		if err != nil {
			l.refuse(file, err.Error(), allowed)
			l.refused[v.name] = true
			continue
		}
		l.given[v.name] = text
	}
}

// readSecretFile returns the contents of a file without the one newline that editors leave at the end.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot be read (%w)", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot be read (%w)", err)
	case len(data) > maxSecretFile:
		return "", fmt.Errorf("names a file of more than %d bytes", maxSecretFile)
	case text == "":
		return "", errors.New("names an empty file")
	}
	return text, nil
}

// bind fills the Config, and refuses values that do not parse.
func (l *loader) bind() {
	err := env.ParseWithOptions(&l.cfg, env.Options{Environment: l.given, FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[domain.Secret](): func(text string) (any, error) { return domain.NewSecret(text), nil },
		reflect.TypeFor[int]():           parseInt,
		reflect.TypeFor[bool]():          parseBool,
		reflect.TypeFor[domain.Budget](): parseBudget,
	}})
	if !l.isGiven("AUTO_MIGRATE") {
		l.cfg.AutoMigrate = !l.cfg.Production()
	}
	if !l.isGiven("SHUTDOWN_DELAY_SECONDS") && l.cfg.Production() {
		l.cfg.ShutdownDelay = 5
	}
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		all.Errors = []error{err}
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if !errors.As(err, &parse) {
			l.refuse("environment", err.Error(), "the variables of .env.example")
			continue
		}
		v := variableOf(parse.Name)
		l.refuse(v.name, parse.Err.Error(), v.allowed)
	}
}

// fileSuffix makes the name of the variable that names a secret's file.
const fileSuffix = "_FILE"

// variable describes one field of Config.
type variable struct {
	field    string
	name     string
	standard string // the default, if it is always the same
	allowed  string
	secret   bool
}

// variables describes the fields of Config, in their order.
func variables() []variable {
	var all []variable
	for field := range reflect.TypeFor[Config]().Fields() {
		v := variable{field: field.Name, name: field.Tag.Get("env"), standard: field.Tag.Get("envDefault"),
			allowed: field.Tag.Get("range") + field.Tag.Get("oneof"), secret: field.Type == reflect.TypeFor[domain.Secret]()}
		switch field.Type {
		case reflect.TypeFor[bool]():
			v.allowed = "true or false"
		case reflect.TypeFor[domain.Budget]():
			v.allowed = budgetAllowed
		}
		all = append(all, v)
	}
	return all
}

// names are those of all variables that are read.
func names() []string {
	var all []string
	for _, v := range variables() {
		all = append(all, v.name)
		if v.secret {
			all = append(all, v.name+fileSuffix)
		}
	}
	return all
}

func variableOf(field string) variable {
	all := variables()
	return all[slices.IndexFunc(all, func(v variable) bool { return v.field == field })]
}

// Error is the wrong value of one variable. It never holds the value of a secret.
type Error struct{ Name, Wrong, Allowed string }

func (e Error) String() string { return e.Name + ": " + e.Wrong + "; allowed: " + e.Allowed }

// Errors are all wrong values of an environment.
type Errors []Error

// Error is a heading and one line for each variable.
func (e Errors) Error() string {
	lines := []string{"the configuration is not valid"}
	for _, one := range e {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

func parseInt(text string) (any, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

func parseBool(text string) (any, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return nil, fmt.Errorf("%q is neither true nor false", text)
	}
	return b, nil
}

// listOf splits a list at its commas.
func listOf(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
