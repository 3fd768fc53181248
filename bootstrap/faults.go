package bootstrap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault is one variable's wrong value. It never holds the value of a secret.
type Fault struct{ Name, Wrong, Allowed string }

func (f Fault) String() string {
	return f.Name + ": " + f.Wrong + "; allowed: " + f.Allowed
}

// Faults are all the faults of an environment.
type Faults []Fault

// Error is one line for each fault, below a heading.
func (f Faults) Error() string {
	lines := []string{"the configuration is not valid"}
	for _, fault := range f {
		lines = append(lines, fault.String())
	}
	return strings.Join(lines, "\n")
}

// enum is a text of which only some values are allowed.
type enum interface{ allowed() []string }

// Environment says what the service runs for.
type Environment string

const (
	development Environment = "development"
	production  Environment = "production"
)

func (Environment) allowed() []string { return []string{string(development), string(production)} }

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *Environment) UnmarshalText(text []byte) error { return choose(e, text) }

// SSLMode says how the connection to PostgreSQL is protected, in libpq's words.
type SSLMode string

func (SSLMode) allowed() []string {
	return []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *SSLMode) UnmarshalText(text []byte) error { return choose(m, text) }

// TLSMode says how the connection to the mail server is protected.
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
