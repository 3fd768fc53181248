package config

import (
	"fmt"
	"slices"
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

// enum is a text of which only some values are allowed.
type enum interface{ allowed() []string }

// Environment is the use of the service.
type Environment string

const (
	Development Environment = "development"
	Production  Environment = "production"
)

func (Environment) allowed() []string { return []string{string(Development), string(Production)} }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Environment) UnmarshalText(text []byte) error { return choose(e, text) }

// SSLMode is the protection of the connection to PostgreSQL, in libpq's words.
type SSLMode string

func (SSLMode) allowed() []string {
	return []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *SSLMode) UnmarshalText(text []byte) error { return choose(m, text) }

// TLSMode is the protection of the connection to the mail server.
type TLSMode string

func (TLSMode) allowed() []string { return []string{"starttls", "tls", "none"} }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *TLSMode) UnmarshalText(text []byte) error { return choose(m, text) }

// Switch is on or off.
type Switch string

const (
	on  Switch = "on"
	off Switch = "off"
)

func (Switch) allowed() []string { return []string{string(on), string(off)} }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Switch) UnmarshalText(text []byte) error { return choose(s, text) }

func choose[E interface {
	~string
	enum
}](e *E, text []byte) error {
	if !slices.Contains((*e).allowed(), string(text)) {
		return fmt.Errorf("%q is none of the values", text)
	}
	*e = E(text)
	return nil
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
