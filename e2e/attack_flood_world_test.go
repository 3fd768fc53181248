package e2e_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const flooders = 64

// flooding has connections enough for all of them.
var flooding = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: flooders, DisableCompression: true}}

// besiege has 64 clients strike without pause, until so many strikes were answered and meanwhile has returned, which
// begins when all of them are at it. It counts the answers.
func besiege(strikes int, strike func(i int) string, meanwhile func()) map[string]int {
	var mu sync.Mutex
	var group sync.WaitGroup
	var next atomic.Int64
	var over atomic.Bool
	counts, begun := map[string]int{}, make(chan struct{})
	for range flooders {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= strikes && over.Load() {
					return
				}
				if i == flooders {
					close(begun)
				}
				answer := strike(i)
				mu.Lock()
				counts[answer]++
				mu.Unlock()
			}
		})
	}
	defer group.Wait()
	defer over.Store(true)
	<-begun
	meanwhile()
	over.Store(true)
	group.Wait()
	return counts
}

// strike is the i-th request of a flood, from an address of its own in the same network. It returns the code of the
// answer, or its status.
func (s *service) strike(t *testing.T, operation, address string, body map[string]any, round, i int) string {
	return s.strikeFrom(t, fmt.Sprintf("2001:db8:f:1::%x", i), operation, address, body, round, i)
}

// strikeFrom is strike from anywhere.
func (s *service) strikeFrom(t *testing.T, ip, operation, address string, body map[string]any, round, i int) string {
	if address == "" {
		address = fmt.Sprintf("u%d@flood%d.example.com", i, round)
	}
	sent := maps.Clone(body)
	contentType, encode := "application/json", func() string { b, _ := json.Marshal(sent); return string(b) }
	switch operation {
	case "POST /auth/refresh", "POST /auth/logout":
	case "POST /auth/token":
		contentType = "application/x-www-form-urlencoded"
		encode = func() string {
			return url.Values{"grant_type": {"password"}, "username": {address}, "password": {sent["password"].(string)}}.Encode()
		}
	default:
		sent["email"] = address
	}
	method, path, _ := strings.Cut(operation, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(encode()))
	if err != nil {
		return err.Error()
	}
	req.Header = http.Header{"X-Forwarded-For": {ip}, "Content-Type": {contentType}}
	resp, err := flooding.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var problem struct{ Code string }
	if err := json.NewDecoder(resp.Body).Decode(&problem); err != nil {
		return err.Error()
	}
	if problem.Code == "" {
		return fmt.Sprint(resp.StatusCode)
	}
	return problem.Code
}

// mailWith waits for a mail to an address in which there is a text.
func (s *service) mailWith(t *testing.T, address, part string) string {
	t.Helper()
	for range 1200 {
		for _, text := range s.texts(t, address) {
			if strings.Contains(text, part) {
				return text
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("no mail to %s says %q", address, part)
	return ""
}

// tidy empties the mailbox.
func (s *service) tidy(t *testing.T) {
	t.Helper()
	for _, file := range s.files(t) {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// rows are numbers of rows, by table.
type rows map[string]int

// database is a service's, read past the service.
type database struct {
	*sql.DB
	tables []string
}

func (s *service) database(t *testing.T) database {
	t.Helper()
	driver, at, list := "sqlite", s.Config.SQLitePath(), "SELECT name FROM sqlite_master WHERE type = 'table'"
	if at == "" {
		driver, at, list = "pgx", s.Config.PostgresURL().Reveal(), "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := database{DB: db}
	found, err := db.QueryContext(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var table string
		if err := found.Scan(&table); err != nil {
			t.Fatal(err)
		}
		if table == "river_job" || !strings.HasPrefix(table, "river_") { // the rest is who works on the jobs
			d.tables = append(d.tables, table)
		}
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// grows returns how many rows more there are after what do does and all jobs that come of it.
func (d database) grows(t *testing.T, do func()) rows {
	t.Helper()
	before := d.count(t)
	do()
	after := d.count(t)
	for table := range after {
		after[table] -= before[table]
	}
	return after
}

// count waits until the purge of the start is through and no other job is left, and counts.
func (d database) count(t *testing.T) rows {
	t.Helper()
	for i := 0; d.rows(t, "river_job WHERE kind = 'purge'") == 0 || d.rows(t, "river_job WHERE state <> 'completed'") > 0; i++ {
		if i == 600 {
			t.Fatal("jobs remain")
		}
		time.Sleep(25 * time.Millisecond)
	}
	n := rows{}
	for _, table := range d.tables {
		n[table] = d.rows(t, table)
	}
	return n
}

func (d database) rows(t *testing.T, of string) (n int) {
	t.Helper()
	if err := d.QueryRowContext(t.Context(), "SELECT count(*) FROM "+of).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
