package main

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// row is one line of the table. Zero values are left out.
type row struct {
	what, engine string
	sample       sample
	processor    time.Duration // of the service, a request
	memory       int64         // of the service, bytes
	result       string
	goal, met    string
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "not met"
}

func (r row) cells() []string {
	if r.sample.refused > 0 {
		r.result += fmt.Sprintf("; %d refused", r.sample.refused)
	}
	cells := []string{r.what, r.engine, "", "", "", "", "", "", r.result, r.goal, r.met}
	if r.sample.requests > 0 {
		s := r.sample
		cells[2], cells[3], cells[4], cells[5] = grouped(s.rate()), milliseconds(s.p50), milliseconds(s.p95), milliseconds(s.p99)
	}
	if r.processor > 0 {
		cells[6] = milliseconds(r.processor)
	}
	if r.memory > 0 {
		cells[7] = strconv.FormatInt(r.memory>>20, 10)
	}
	return cells
}

func (r row) String() string { return strings.Join(strings.Fields(strings.Join(r.cells(), " ")), " ") }

var heads = []string{"what", "database", "requests/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms a request", "RSS MiB", "measured against", "goal", ""}

// table writes the rows in Markdown.
func table(rows []row) string {
	all := [][]string{heads}
	for _, r := range rows {
		all = append(all, r.cells())
	}
	return markdown(all, 2, 7)
}

// markdown writes a table whose first line is its head, aligned for those who read it as text. The columns from first
// to last hold numbers.
func markdown(lines [][]string, first, last int) string {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, cell := range cells {
			widths[i] = max(widths[i], len(cell))
		}
	}
	numeric := func(column int) bool { return column >= first && column <= last }
	var text strings.Builder
	for i, cells := range lines {
		for column, cell := range cells {
			width := widths[column]
			if !numeric(column) {
				width = -width
			}
			fmt.Fprintf(&text, "| %*s ", width, cell)
		}
		text.WriteString("|\n")
		if i > 0 {
			continue
		}
		for column, width := range widths {
			end := "-"
			if numeric(column) {
				end = ":"
			}
			text.WriteString("|" + strings.Repeat("-", width+1) + end)
		}
		text.WriteString("|\n")
	}
	return text.String()
}

func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 1:
		return strconv.FormatFloat(ms, 'f', 3, 64)
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 2, 64)
	}
	return strconv.FormatFloat(ms, 'f', 0, 64)
}

// grouped writes a rate: with a decimal where it matters, with commas where it is long.
func grouped(f float64) string {
	if f < 100 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	digits := strconv.FormatInt(int64(f+0.5), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// busy is the share of the machine's processors that is in use while nothing is measured.
func busy(ctx context.Context) (float64, error) {
	all, idle, err := machineTime()
	if err != nil {
		return 0, err
	}
	if err := rest(ctx, 3*time.Second); err != nil {
		return 0, err
	}
	allAfter, idleAfter, err := machineTime()
	return 1 - float64(idleAfter-idle)/float64(max(1, allAfter-all)), err
}

// describe describes the machine, of which others used a share.
func describe(ctx context.Context, b *bench, busy float64) (string, error) {
	version, err := do(ctx, nil, b.dir, nil, b.programs.postgres, "--version")
	if err != nil {
		return "", err
	}
	memory, err := machineMemory()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d cores (%s), %d GiB, %s/%s, %s, %s; others used %.0f %% of it\n", runtime.NumCPU(), processor(), (memory+1<<29)>>30,
		runtime.GOOS, runtime.GOARCH, runtime.Version(), strings.TrimSpace(version), 100*busy), nil
}

// profileText writes the profiles in Markdown.
func profileText(all []profile) string {
	var text strings.Builder
	for _, p := range all {
		fmt.Fprintf(&text, "%s\n\n```text\n%s\n```\n\n", p.title, strings.Join(p.lines, "\n"))
	}
	return text.String()
}

func document(machine string, rows []row, profiled []profile, seconds int) string {
	missed := 0
	for _, r := range rows {
		if r.met == met(false) {
			missed++
		}
	}
	return fmt.Sprintf(`# Performance

Written by `+"`task bench`"+`, which measures it anew on any Linux machine that has wrk and PostgreSQL's programs.

Machine: %s
%s
Goals not met: %d.

## Where the time goes

The same loads once more, with the service's CPU profile (`+"`PPROF=true`"+`): shares of its processor time, callees included. A load that uses every processor shares them with its client and the database. So it cannot reach a limit that was measured with a client that used less processor time, and two such loads at once have to share the processors.

%s## How it is measured

- Client, service and database share the machine; everything goes over loopback, in a closed loop: %d connections, each with one request at a time, for %d seconds. wrk drives single calls; a client of its own drives refresh, where each call needs the answer of the one before. Rows of a storm have %d clients logging in beside the %d.
- A limit is measured right before and right after the service, and the ratio is to the mean of both. The bare path of an operation is a process of its own with Fiber, golang-jwt, pgxpool, the one prepared statement that the operation needs, and a small JSON answer. "bcrypt alone" is a loop on every core. "bare Fiber" is a handler that answers a constant of the same length to the same requests.
- The service runs as built for release, in production mode, with `+"`BCRYPT_COST=%d` and `RATE_LIMITS=off`"+`, and writes its log, one line a request, to a file. %s sessions take turns.
- PostgreSQL is a temporary cluster with its default durability (a commit waits for the disk) and %s. SQLite is durable too (`+"`synchronous(FULL)`"+`).
- CPU and RSS are those of the service's process; RSS is the most that was seen during the load. Start to ready is the median of %d starts on an existing database, from starting the process to the first 200 of `+"`/readyz`"+`.
- Fair: one client logs in from one network, one login after the other, alone and beside %d clients who log in from elsewhere without a pause, every other time with a wrong password; `+"`X-Forwarded-For`"+` says from where. A turn is %d logins alone and %d beside each flood (%d beside the unrelated networks), since a login waits for each of those; there are %d turns. The goal is for p50 and p95, in times of p50 alone.
- Growth: databases with %s and with %s users and sessions take %d turns of %d seconds; the rate with the small one over the rate with the large one. The percentiles are the medians of the turns. RSS on SQLite is mostly pages of the database's file. The kernel holds each page once, but RSS counts it for every connection that maps it. The kernel can drop these pages without harm.
`, machine, table(rows), missed, profileText(profiled), connections, seconds, stormClients, connections, bcryptCost,
		grouped(hotSessions), strings.Join(tuning, ", "), starts, stormClients,
		fairLogins, fairLogins, fairUnrelated, fairTurns, grouped(smallTable), grouped(largeTable), turns, (seconds+1)/2)
}
