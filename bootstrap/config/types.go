package config

import (
	"fmt"
	"strconv"
	"strings"
)

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
