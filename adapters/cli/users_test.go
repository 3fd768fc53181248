package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/application/transfer"
	"coffeeshop/domain"
)

// desk runs the commands on users, over functions that write down how they were called.
type desk struct {
	calls    []string
	err      error
	out, bad bytes.Buffer
}

var ada = domain.User{ID: uuid.MustParse("01890000-0000-7000-8000-000000000001"), Email: domain.Email{Address: "ada@example.com", Key: "ada@example.com"},
	FirstName: `A "da"`, Status: domain.StatusVerified, Role: domain.RoleUser, Locale: "en", CreatedAt: time.Unix(0, 0).UTC(), UpdatedAt: time.Unix(1, 0).UTC(),
	Custom: domain.CustomFields{Profile: domain.StoredFields(`{"a":1.10}`)}}

func (d *desk) run(t *testing.T, stdin string, args ...string) int {
	t.Helper()
	note := func(format string, args ...any) { d.calls = append(d.calls, fmt.Sprintf(format, args...)) }
	return Run(t.Context(), args, Commands{
		ListUsers: func(_ context.Context, f domain.UserFilter, sort domain.UserSort, each func(domain.User) error) error {
			note("list %s by %s", f.Text(), sort)
			return errors.Join(each(ada), d.err)
		},
		FindUser: func(_ context.Context, who string) (domain.User, error) { note("find %s", who); return ada, d.err },
		BlockUser: func(_ context.Context, id uuid.UUID, reason string, until time.Time) (domain.User, error) {
			note("block %s %q %s", id, reason, until.Format(time.RFC3339))
			return ada, nil
		},
		UnblockUser: func(_ context.Context, id uuid.UUID) (domain.User, error) { note("unblock %s", id); return ada, nil },
		DeleteUser:  func(_ context.Context, id uuid.UUID) error { note("delete %s", id); return nil },
		Schemas:     []string{"fastapi", "supabase"},
		ImportUsers: func(_ context.Context, in UserImport) (transfer.Summary, error) {
			note("import %s %s %q %s %t", in.File, in.Schema, in.From.Reveal(), in.Conflict, in.DryRun)
			in.Report(transfer.BadLine{Line: 3, Reason: "email is wrong"})
			in.Progress(transfer.Summary{Lines: 1})
			return transfer.Summary{Lines: 9, Added: 5, Updated: 1, Skipped: 2, Bad: 1}, d.err
		},
		ExportUsers: func(_ context.Context, out io.Writer, hashes bool, progress func(int)) (int, error) {
			note("export %t", hashes)
			progress(1)
			_, err := io.WriteString(out, "{}\n")
			return 1, errors.Join(err, d.err)
		},
	}, Terminal{In: strings.NewReader(stdin), Out: &d.out, Err: &d.bad})
}

func TestUsers_CallTheCommand(t *testing.T) {
	t.Parallel()
	id := ada.ID.String()
	for args, want := range map[string][2]string{
		"users list": {`list "" "" any any "" "" by -created_at`, id + "  ada@example.com  user  verified  1970-01-01T00:00:00Z\n"},
		"users list --status verified --role admin --blocked --invited=false --legacy-id 7 --q LOVE --sort email": {`list "verified" "admin" true false "7" "love" by email`, ""},
		"admin list --sort created_at":                        {`list "verified" "admin" any any "" "" by created_at`, ""},
		"users show ada@example.com":                          {"find ada@example.com", ""},
		"users block x --reason why":                          {"find x;block " + id + ` "why" 0001-01-01T00:00:00Z`, "ada@example.com is blocked.\n"},
		"users block x --until 2035-01-31T12:00:00Z":          {"find x;block " + id + ` "" 2035-01-31T12:00:00Z`, ""},
		"users unblock x":                                     {"find x;unblock " + id, "ada@example.com is not blocked.\n"},
		"users delete x --yes":                                {"find x;delete " + id, ""},
		"users import f.csv":                                  {`import f.csv  "" skip false`, "9 lines: 5 added, 1 updated, 2 skipped, 1 bad.\n"},
		"users import - --dry-run --on-conflict update":       {`import -  "" update true`, "Nothing is stored. 9 lines: 5 added, 1 updated, 2 skipped, 1 bad.\n"},
		"users import --schema fastapi --from postgres://u@h": {`import  fastapi "postgres://u@h" skip false`, ""},
		"users export":                                        {"export false", "{}\n"},
		"users export - --with-hashes":                        {"export true", "{}\n"},
	} {
		var d desk
		if code := d.run(t, "", strings.Fields(args)...); code != 0 || strings.Join(d.calls, ";") != want[0] || want[1] != "" && d.out.String() != want[1] {
			t.Errorf("%s: exit %d, called %q, printed %q, told %q", args, code, d.calls, d.out.String(), d.bad.String())
		}
	}
	for _, args := range []string{
		"users", "users list x", "users list --status blocked", "users list --sort id", "users list --q a", "users show", "users block", "users block x --until tomorrow",
		"users delete x", "users import", "users import f --schema fastapi", "users import --schema auth0", "users import f g", "users import f --on-conflict replace", "admin list --role user",
	} {
		var d desk
		if code := d.run(t, "", strings.Fields(args)...); code == 0 || d.bad.Len() == 0 || len(d.calls) > 1 || strings.Contains(strings.Join(d.calls, ""), "delete") {
			t.Errorf("%s: exit %d, called %q, told %q", args, code, d.calls, d.bad.String())
		}
	}
}

func TestUsers_PrintJSON(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"users list --json", "admin list --json", "users show x --json", "users block x --json", "users unblock x --json", "users delete x --yes --json"} {
		var d desk
		var got struct {
			Email     string
			FirstName string `json:"first_name"`
			Profile   json.RawMessage
		}
		if code := d.run(t, "", strings.Fields(args)...); code != 0 || json.Unmarshal(d.out.Bytes(), &got) != nil || got.Email != "ada@example.com" ||
			got.FirstName != `A "da"` || string(got.Profile) != `{"a":1.10}` {
			t.Errorf("%s: exit %d, printed %q", args, code, d.out.String())
		}
	}
	var d desk
	if code := d.run(t, "", "users", "import", "f", "--json"); code != 0 || d.out.String() != `{"line":3,"reason":"email is wrong"}`+"\n"+`{"added":5,"bad":1,"dry_run":false,"lines":9,"skipped":2,"updated":1}`+"\n" || d.bad.Len() > 0 {
		t.Errorf("exit %d, printed %q, told %q", code, d.out.String(), d.bad.String())
	}
}

func TestUsers_AFailureIsToldWithWhatWasDone(t *testing.T) {
	t.Parallel()
	d := desk{err: context.Canceled}
	if code := d.run(t, "", "users", "import", "f"); code != 1 || !strings.HasPrefix(d.out.String(), "9 lines") || !strings.Contains(d.bad.String(), "run it again") {
		t.Errorf("exit %d, printed %q, told %q", code, d.out.String(), d.bad.String())
	}
	file := filepath.Join(t.TempDir(), "users.jsonl")
	d = desk{}
	if code := d.run(t, "", "users", "export", file); code != 0 || d.out.Len() != 0 {
		t.Errorf("exit %d, printed %q, told %q", code, d.out.String(), d.bad.String())
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != 3 {
		t.Errorf("%v, %v", info, err)
	}
	if code := d.run(t, "", "users", "export", file); code != 1 || !strings.Contains(d.bad.String(), "exists") {
		t.Errorf("a file that exists: exit %d, told %q", code, d.bad.String())
	}
	d = desk{err: errors.New("the database is gone")}
	if code := d.run(t, "", "users", "export"); code != 1 || !strings.Contains(d.bad.String(), "the database is gone (1 users were written before)") {
		t.Errorf("exit %d, told %q", code, d.bad.String())
	}
}
