package userfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coffeeshop/adapters/userfile"
	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

var full = transfer.Record{
	ID: "01890000-0000-7000-8000-000000000001", Email: "Ada@example.com", FirstName: "A \"da\", \n", LastName: "Лавлейс", Role: "admin", Status: "verified", Locale: "ru",
	CreatedAt: time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC), Blocked: true, BlockedUntil: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC), BlockReason: "why",
	Profile: []byte(`{"a":1.10,"b":"é"}`), AppData: []byte(`{}`), LegacyID: "007", PasswordHash: domain.NewPasswordHash("$2a$hash"),
}

// read reads a file twice, and the second time returns what it got.
func read(t *testing.T, content string) (records []transfer.Record, bad []transfer.BadLine, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := userfile.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 2 {
		records, bad, err = nil, nil, nil
		for r, wrong := range file.Records(t.Context()) {
			var line transfer.BadLine
			switch {
			case errors.As(wrong, &line):
				bad = append(bad, line)
			case wrong != nil:
				err = wrong
			default:
				records = append(records, r)
			}
		}
	}
	return records, bad, err
}

func TestWrite_IsReadBackToTheLetter(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bare := transfer.Record{Email: "b@example.com"}
	for _, r := range []transfer.Record{full, bare} {
		if err := userfile.Write(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	records, bad, err := read(t, out.String())
	first, second := full, bare
	first.Line, second.Line = 1, 2
	if err != nil || len(bad) != 0 || len(records) != 2 || !reflect.DeepEqual(records[0], first) || !reflect.DeepEqual(records[1], second) {
		t.Errorf("%+v\n%+v, %v", records, bad, err)
	}
}

func TestRecords_OfJSONLines(t *testing.T) {
	t.Parallel()
	records, bad, err := read(t, "\ufeff"+`{"email":"a@example.com","profile":null}

{"email":"b@example.com","Email":"x"}
{"email":17}
{"email":"c@example.com","email":"d@example.com"}
[1]
{"email":"e@example.com"} x
{"created_at":"yesterday"}
{"password_hash":{"secret":"hunter2"}}
{"email":"`+"\xff"+`"}
{"email":"z@example.com"}`)
	if err != nil || len(records) != 2 || records[0].Email != "a@example.com" || records[0].Profile != nil || records[1].Line != 11 {
		t.Errorf("%+v, %v", records, err)
	}
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
		if strings.Contains(b.Reason, "hunter2") || strings.Contains(b.Reason, "yesterday") || b.Reason == "" {
			t.Errorf("%+v", b)
		}
	}
	if !reflect.DeepEqual(lines, []int{3, 4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("bad are %v", bad)
	}
	records, bad, err = read(t, "{\"email\":\"a@example.com\"}\n{\"email\":\""+strings.Repeat("a", 2<<20)+"\"}\n\n\n\n{\"email\":\"b@example.com\"}")
	if err != nil || len(records) != 2 || len(bad) != 1 || bad[0].Line != 2 {
		t.Errorf("beside a line of 2 MiB: %d records, %+v, %v", len(records), bad, err)
	}
	if records, _, err := read(t, "\n\n\n\n\n\n{\"email\":\"a@example.com\"}"); err != nil || len(records) != 1 {
		t.Errorf("behind empty lines: %v, %v", records, err)
	}
	if _, err := userfile.Open("-", strings.NewReader(`[{"email":"a@example.com"}]`)); err == nil || !strings.Contains(err.Error(), "array") {
		t.Errorf("an array: %v", err)
	}
}

func TestRecords_OfCSV(t *testing.T) {
	t.Parallel()
	records, bad, err := read(t, "\ufeff"+`legacy_id,email,status,first_name,profile,blocked,created_at,password_hash
007,a@example.com,verified,"A ""da"", 
x","{""a"":1.10}",TRUE,2001-02-03T04:05:06Z,$2a$hash
,b@example.com,verified,,,,,
1,2
"x"y
,c@example.com,,,,maybe,,
,d@example.com,,,,,2001-02-03,
`)
	want := []transfer.Record{
		{Line: 2, LegacyID: "007", Email: "a@example.com", Status: "verified", FirstName: "A \"da\", \nx", Profile: []byte(`{"a":1.10}`), Blocked: true,
			CreatedAt: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), PasswordHash: domain.NewPasswordHash("$2a$hash")},
		{Line: 4, Email: "b@example.com", Status: "verified"},
	}
	if err != nil || !reflect.DeepEqual(records, want) {
		t.Errorf("got  %+v, %v\nwant %+v", records, err, want)
	}
	if len(bad) != 4 || bad[0].Line != 5 || bad[1].Line != 6 || bad[2] != (transfer.BadLine{Line: 7, Reason: "blocked must be true or false"}) || bad[3].Line != 8 {
		t.Errorf("bad are %+v", bad)
	}
	_, bad, err = read(t, "email,status,profile\na@example.com,verified,n/a\nb@example.com,verified,nonsense\nc@example.com,verified,null\n")
	if err != nil || len(bad) != 2 || bad[0].Reason != "profile must be a JSON object" {
		t.Errorf("bad are %+v, %v", bad, err)
	}
	if _, _, err := read(t, "email,status\na@example.com,\"open\n"+strings.Repeat("b@example.com,verified\n", 100_000)); err == nil {
		t.Error("an open quote takes 2 MiB along")
	}
	for _, content := range []string{"email,status,email\n", "email,nick\n", "email,\"x\n", ""} {
		if records, _, err := read(t, content); (err == nil) != (content == "") || len(records) > 0 {
			t.Errorf("%q: %v, %v", content, records, err)
		}
	}
}

func TestOpen_CopiesAStreamAndLeavesNothingBehind(t *testing.T) { //nolint:paralleltest // it sets the folder of temporary files
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file, err := userfile.Open("-", strings.NewReader(`{"email":"a@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	copies, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("%v, %v", copies, err)
	}
	if info, err := os.Stat(copies[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	n := 0
	for range 2 {
		for r, err := range file.Records(t.Context()) {
			if n++; err != nil || r.Email != "a@example.com" {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}
	if err := file.Close(); err != nil || n != 2 {
		t.Errorf("%d records, %v", n, err)
	}
	if copies, _ := filepath.Glob(filepath.Join(dir, "*")); len(copies) != 0 {
		t.Errorf("left are %v", copies)
	}
	if _, err := userfile.Open(filepath.Join(dir, "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// transfer.Source says so: who goes on after it would never come to an end.
func TestRecords_AnErrorThatIsNotOfALineIsTheLast(t *testing.T) {
	t.Parallel()
	file, err := userfile.Open("-", strings.NewReader("email,status\na@example.com,\"open\n"+strings.Repeat("b@example.com,verified\n", 200_000)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	failed := 0
	for r, err := range file.Records(t.Context()) {
		if failed > 0 {
			t.Fatalf("another one follows: %+v, %v", r, err)
		}
		if err != nil && !errors.As(err, new(transfer.BadLine)) {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("%d errors", failed)
	}
}
