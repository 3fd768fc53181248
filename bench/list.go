package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// The lists are measured among so many users; one client asks each question so often.
const (
	fewUsers  = 10_000
	manyUsers = largeTable
	questions = 100
	importMax = 15 * time.Minute
)

// question is a request of an admin.
type question struct {
	name, path string
	deep       bool // go on to the page in the middle first
}

// The filters that fit few users fit those that come last in each order but one.
var allQuestions = []question{
	{"first page, newest first", "/users", false},
	{"first page, by address", "/users?sort=email", false},
	{"page in the middle", "/users?limit=100", true},
	{"search, rare", "/users?q=quentin", false},
	{"search, half of all", "/users?q=ada", false},
	{"search, none", "/users?q=nobody", false},
	{"search, Cyrillic", "/users?q=" + url.QueryEscape("АЛИСА"), false},
	{"filter, rare", "/users?role=admin", false},
	{"filter, none", "/users?invited=true", false},
	{"filter, none, in the middle", "/users?invited=true&status=verified", true},
	{"filter and search", "/users?blocked=true&q=ada&sort=email", false},
	{"count, all", "/users/count", false},
	{"count, filter", "/users/count?role=admin", false},
	{"count, search", "/users/count?q=ada", false},
	{"one user", "/users/01890000-0000-7000-8000-000000000007", false},
	{"audit events", "/audit-events?action=session.stolen", false},
}

// lists measures lists, searches and imports on each engine, prints them, and writes them to the file out.
func (b *bench) lists(ctx context.Context, out string) error {
	lines := [][]string{{"what", "database", "p50 ms, 10,000 users", "p95 ms", "p50 ms, 1,000,000 users", "p95 ms", "growth", "goal: p95 under 10 ms"}}
	var imports strings.Builder
	machine, err := b.machine(ctx, func() error {
		for _, engine := range []string{sqlite, postgres} {
			seen := map[int]map[string]sample{}
			for _, users := range []int{fewUsers, manyUsers} {
				var err error
				var told string
				if seen[users], told, err = b.listsOf(ctx, engine, users); err != nil {
					return fmt.Errorf("%s: %w", engine, err)
				}
				imports.WriteString(told)
			}
			for _, q := range allQuestions {
				few, many := seen[fewUsers][q.name], seen[manyUsers][q.name]
				lines = append(lines, []string{q.name, engine, milliseconds(few.p50), milliseconds(few.p95), milliseconds(many.p50), milliseconds(many.p95),
					fmt.Sprintf("%.1f", float64(many.p50)/float64(few.p50)), met(many.p95 < 10*time.Millisecond)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	text := "# Lists and imports\n\nWritten by `task bench:list`: one client, warm, " + fmt.Sprint(questions) + " requests of each kind.\n\n" + machine + "\n" +
		markdown(lines, 2, 6) + "\n## Imports\n\nA pause as long as its transaction follows each one.\n\n" + imports.String()
	fmt.Fprint(os.Stdout, text)
	return os.WriteFile(out, []byte(text), 0o644) //nolint:gosec // a document for everybody
}

// listsOf measures one database, and tells of the import that fills it.
func (b *bench) listsOf(ctx context.Context, engine string, users int) (seen map[string]sample, told string, err error) {
	s, err := b.place(ctx, b.binary, engine, users, bcryptCost)
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(s.data, "users.jsonl")
	if err := writeUsers(file, users); err != nil {
		return nil, "", err
	}
	b.progress("%s: importing %d users", engine, users)
	took, most, err := b.imports(ctx, s, file)
	if err != nil {
		return nil, "", err
	}
	told = fmt.Sprintf("- %s, %d users: %.0f lines a second, %d MiB at most.\n", engine, users, float64(users)/took.Seconds(), most>>20)
	if engine == postgres {
		if err := b.postgres.settle(ctx, s.name); err != nil {
			return nil, "", err
		}
	}
	v, err := b.serve(ctx, s)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	admin := &asker{base: "http://" + v.addr, client: &http.Client{Timeout: time.Minute}}
	if err := admin.logIn(ctx); err != nil {
		return nil, "", err
	}
	seen = map[string]sample{}
	for _, q := range allQuestions {
		if seen[q.name], err = admin.measure(ctx, q, users); err != nil {
			return nil, "", fmt.Errorf("%s: %w", q.name, err)
		}
		b.progress("%s, %d users, %s: p50 %s ms, p95 %s ms", engine, users, q.name, milliseconds(seen[q.name].p50), milliseconds(seen[q.name].p95))
	}
	if users == manyUsers {
		beside, err := b.writesBeside(ctx, s, admin)
		if err != nil {
			return nil, "", err
		}
		goal := ""
		if engine == sqlite {
			goal = " (goal: p99 under 100 ms, " + met(beside.p99 < 100*time.Millisecond) + ")"
		}
		told += fmt.Sprintf("- %s, writes of a running service beside an import of %d users: p50 %s ms, p95 %s ms, p99 %s ms%s.\n",
			engine, fewUsers, milliseconds(beside.p50), milliseconds(beside.p95), milliseconds(beside.p99), goal)
	}
	return seen, told, nil
}

// writeUsers writes users as users import reads them. Half are called Ada, few Quentin or Алиса; admins and blocked ones
// come last in each order.
func writeUsers(path string, users int) (err error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range users {
		u := map[string]any{
			"id": fmt.Sprintf("01890000-0000-7000-8000-%012d", i), "email": fmt.Sprintf("u%07d@example.com", i*7919%users), "status": "verified",
			"first_name": []string{"Ada", "Bob"}[i%2], "last_name": fmt.Sprintf("Name%d", i), "legacy_id": fmt.Sprint(i),
			"created_at": first.Add(time.Duration(i) * time.Second), "password_hash": string(hash),
		}
		switch edge := i < 5 || i >= users-5; {
		case i == 0:
			u["email"], u["role"] = "admin@example.com", "admin"
		case edge:
			u["first_name"], u["blocked"] = "Quentin", true
		case i%1000 == 500:
			u["first_name"] = "Алиса"
		}
		if err := json.NewEncoder(out).Encode(u); err != nil {
			return err
		}
	}
	return out.Flush()
}

// imports runs an import, and returns how long it took and the most memory that it held.
func (b *bench) imports(ctx context.Context, s *site, file string, more ...string) (took time.Duration, most int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, importMax)
	defer cancel()
	begun := time.Now()
	p, err := begin(ctx, nil, s.data, filepath.Join(s.data, "import.log"), s.environ, syscall.SIGKILL, s.binary, append([]string{"users", "import", file}, more...)...)
	if err != nil {
		return 0, 0, err
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if m, err := residentMemory(p.cmd.Process.Pid); err == nil {
				most = max(most, m)
			}
		case <-p.ended:
			_, err := p.output()
			return time.Since(begun), most, err
		}
	}
}

// writesBeside measures changes of a user, one after the other, while other users are imported.
func (b *bench) writesBeside(ctx context.Context, s *site, admin *asker) (sample, error) {
	file := filepath.Join(s.data, "more.jsonl")
	var text bytes.Buffer
	for i := range fewUsers {
		fmt.Fprintf(&text, "{\"email\":\"more%d@example.com\",\"status\":\"verified\"}\n", i)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup
	var errImport error
	done := make(chan struct{})
	beside.Go(func() {
		defer close(done)
		_, _, errImport = b.imports(ctx, s, file)
	})
	var took []time.Duration
	start := time.Now()
	for i := 0; ; i++ {
		select {
		case <-done:
			return sampleOf(took, time.Since(start)), errImport
		default:
		}
		begun := time.Now()
		if _, err := admin.ask(ctx, http.MethodPatch, "/users/01890000-0000-7000-8000-000000000007", fmt.Sprintf(`{"first_name":"A%d"}`, i)); err != nil {
			cancel()
			beside.Wait()
			return sample{}, err
		}
		took = append(took, time.Since(begun))
	}
}

// asker is an admin with one connection.
type asker struct {
	base, token string
	client      *http.Client
}

func (a *asker) logIn(ctx context.Context) error {
	body, err := a.ask(ctx, http.MethodPost, "/auth/login", fmt.Sprintf(`{"email":"admin@example.com","password":%q}`, password))
	if err != nil {
		return err
	}
	var pair struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(body, &pair)
	a.token = pair.Token
	return err
}

func (a *asker) ask(ctx context.Context, method, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return text, err
}

// measure asks a question some times, after some that do not count.
func (a *asker) measure(ctx context.Context, q question, users int) (sample, error) {
	path := q.path
	if q.deep {
		var err error
		if path, err = a.middle(ctx, path, users); err != nil {
			return sample{}, err
		}
	}
	var took []time.Duration
	start := time.Now()
	for i := range questions + questions/5 {
		begun := time.Now()
		if _, err := a.ask(ctx, http.MethodGet, path, ""); err != nil {
			return sample{}, err
		}
		if i >= questions/5 {
			took = append(took, time.Since(begun))
		}
	}
	return sampleOf(took, time.Since(start)), nil
}

// middle follows the cursors to the page in the middle of a list.
func (a *asker) middle(ctx context.Context, path string, users int) (string, error) {
	step := 100 // of a page that is full
	if strings.Contains(path, "invited") {
		step = 1600 // of a walk that finds nobody
	}
	next := path
	for range users / 2 / step {
		text, err := a.ask(ctx, http.MethodGet, next, "")
		if err != nil {
			return "", err
		}
		var page struct {
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(text, &page); err != nil || page.Next == "" {
			return "", errors.Join(errors.New("the list ends too early"), err)
		}
		next = path + "&cursor=" + url.QueryEscape(page.Next)
	}
	return next, nil
}
