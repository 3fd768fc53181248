package bootstrap

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"

	"coffeeshop/domain"
)

// maxSecretFile is far more than any secret has: a wrong path should not be read into memory.
const maxSecretFile = 64 << 10

// Environ returns the environment of the process, over that of a .env file in the working directory, if there
// is one.
func Environ() (map[string]string, error) {
	merged, err := godotenv.Read(".env")
	if errors.Is(err, fs.ErrNotExist) {
		merged, err = map[string]string{}, nil
	}
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return nil, fmt.Errorf("read .env: %w", err)
	case err != nil: // godotenv's own errors quote the file, secrets and all
		return nil, errors.New(".env: cannot be understood; allowed: lines of the form NAME=value, values with spaces, # or $ in 'single quotes'")
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		merged[name] = value
	}
	return merged, nil
}

// LoadConfig reads the variables. An empty one counts as absent. It reports all faults together, as Faults, and
// writes nothing; what it returns beside faults is what could be read.
func LoadConfig(environ map[string]string) (Config, error) {
	given := maps.Clone(environ)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	l := loader{given: given, faulty: map[string]bool{}}
	l.readFiles()
	l.bind()
	l.check()
	if len(l.faults) > 0 {
		return l.cfg, l.faults
	}
	return l.cfg, nil
}

// loader collects what LoadConfig finds.
type loader struct {
	given  map[string]string
	cfg    Config
	faults Faults
	faulty map[string]bool // the names that have a fault: a second one would only confuse
}

func (l *loader) fault(name, wrong, allowed string) {
	if !l.faulty[name] {
		l.faulty[name] = true
		l.faults = append(l.faults, Fault{name, wrong, allowed})
	}
}

func (l *loader) isGiven(name string) bool { return l.given[name] != "" }

// readFiles puts the contents of the files that NAME_FILE variables name in the place of NAME.
func (l *loader) readFiles() {
	for _, v := range variables() {
		file := v.name + fileSuffix
		if !v.secret || !l.isGiven(file) {
			continue
		}
		allowed := "the path of a readable file that holds the value of " + v.name
		if l.isGiven(v.name) {
			l.fault(file, "is set beside "+v.name, "only one of the two")
			continue
		}
		text, err := readSecretFile(l.given[file])
		if err != nil {
			l.fault(file, err.Error(), allowed)
			l.faulty[v.name] = true
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

// bind fills the Config, and turns what does not parse into faults.
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
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		all.Errors = []error{err}
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if !errors.As(err, &parse) {
			l.fault("environment", err.Error(), "the variables of .env.example")
			continue
		}
		v := variableOf(parse.Name)
		l.fault(v.name, parse.Err.Error(), v.allowed)
	}
}

// fileSuffix makes the name of the variable that names a secret's file.
const fileSuffix = "_FILE"

// variable describes one field of Config.
type variable struct {
	field   string
	name    string
	allowed string
	secret  bool
}

// variables describes the fields of Config, in their order.
func variables() []variable {
	var all []variable
	for field := range fieldsOf[Config]() {
		v := variable{field: field.Name, name: field.Tag.Get("env"), allowed: field.Tag.Get("range"),
			secret: field.Type == reflect.TypeFor[domain.Secret]()}
		switch e, ok := reflect.Zero(field.Type).Interface().(enum); {
		case ok:
			v.allowed = strings.Join(e.allowed(), ", ")
		case field.Type.Kind() == reflect.Bool:
			v.allowed = "true or false"
		case field.Type == reflect.TypeFor[domain.Budget]():
			v.allowed = budgetAllowed
		}
		all = append(all, v)
	}
	return all
}

func variableOf(field string) variable {
	for _, v := range variables() {
		if v.field == field {
			return v
		}
	}
	return variable{field: field, name: field}
}

func fieldsOf[T any]() func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		t := reflect.TypeFor[T]()
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
