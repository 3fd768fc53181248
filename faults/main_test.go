//go:build faults

// Package faults_test breaks real processes on purpose. `task test:faults` takes about twelve minutes and writes
// docs/reliability.md. With -short it takes about four and writes nothing.
package faults_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"coffeeshop/adapters/bunstore/pgtest"
	"coffeeshop/bootstrap"
)

// The test binary is also the service that is broken.
const asService = "COFFEESHOP_FAULTS_AS_SERVICE"

var reportFile = flag.String("report", "", "write what was found to this `file`")

func TestMain(m *testing.M) {
	if os.Getenv(asService) != "" {
		os.Exit(bootstrap.Main(os.Args[1:], ""))
	}
	flag.Parse()
	pgtest.Main(m)
}

var findings bytes.Buffer

// tell logs what was found and adds it to the report.
func tell(t *testing.T, fault, promised, format string, args ...any) {
	t.Helper()
	found := fmt.Sprintf(format, args...)
	t.Logf("%s: promised: %s; found: %s", fault, promised, found)
	if t.Failed() {
		found = "**not kept**: " + found
	}
	fmt.Fprintf(&findings, "| %s | %s | %s |\n", fault, promised, found)
	if *reportFile == "" || testing.Short() {
		return
	}
	text := "# Reliability\n\nWritten by `task test:faults`, which breaks real processes on purpose.\n\n| what was broken | promised | found |\n|---|---|---|\n" + findings.String()
	if err := os.WriteFile(*reportFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// several is how often or how long: in full, or in the shorter form.
func several[T any](full, short T) T {
	if testing.Short() {
		return short
	}
	return full
}
