package bootstrap

import (
	"context"
	"time"

	"coffeeshop/adapters/hashqueue"
	"coffeeshop/adapters/metrics"
)

func newMetrics() *metrics.Metrics { return metrics.New(build()) }

// scrapeTime bounds what a scrape reads from the database.
const scrapeTime = 2 * time.Second

// measure adds the metrics that are read at each scrape.
func measure(m *metrics.Metrics, hashes *hashqueue.Queue, db *database, table *jobTable, out *outages) {
	m.Gauge("hashes_waiting", "Passwords that wait for their hash.", func() float64 { n, _ := hashes.Load(); return float64(n) })
	m.Counter("hashes_refused_total", "Passwords that were refused, because too many wait or the time is too short.", func() float64 { _, n := hashes.Load(); return float64(n) })
	m.Gauge("database_connections_used", "Connections in use; on SQLite those of readers.", func() float64 { n, _, _ := db.PoolLoad(); return float64(n) })
	m.Gauge("database_connections_max", "Connections at most.", func() float64 { _, n, _ := db.PoolLoad(); return float64(n) })
	m.Counter("database_connection_wait_seconds_total", "Time that calls have waited for a connection.", func() float64 { _, _, d := db.PoolLoad(); return d.Seconds() })
	m.Gauge("database_up", "1: the database answered when it was last asked, within the last second or two.", func() float64 { return out.up() })
	m.Backlog(func() (jobs []metrics.Jobs, oldest float64, ok bool) {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
		defer cancel()
		b, err := table.Backlog(ctx)
		for c, n := range b.Counts {
			jobs = append(jobs, metrics.Jobs{Kind: c.Kind, State: string(c.State), N: n})
		}
		return jobs, b.OldestMail.Seconds(), err == nil
	})
}
