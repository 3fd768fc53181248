// Package metrics counts what happens, for Prometheus. No label holds an address, an id, or anything else that a caller
// chose: each has a fixed set of values.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "coffeeshop"

// Metrics are the metrics of one process.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.HistogramVec
	logins    *prometheus.CounterVec
	throttled *prometheus.CounterVec
	jobs      *prometheus.CounterVec
	purged    *prometheus.CounterVec
	groups    prometheus.Histogram
	waits     prometheus.Histogram
}

// New returns the metrics of a process that is a build of a version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "http_request_duration_seconds",
			Help:    "Time to answer a request, by the template of its path; none: no operation has the path.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route", "method", "status"}),
		logins:    counters("logins_total", "Answers to logins: succeeded, or the code of the problem.", "outcome"),
		throttled: counters("throttled_requests_total", "Requests that were refused because a budget is used up, by the budget.", "budget"),
		jobs:      counters("job_runs_total", "Runs of jobs: done, failed (they are tried again), rejected (by the mail server, for good).", "kind", "outcome"),
		purged:    counters("purged_rows_total", "Expired rows that were removed.", "rows"),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "sqlite_group_size",
			Help: "Transactions that one commit of SQLite's writer has made durable.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64}}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: "sqlite_wait_seconds",
			Help: "Time that a transaction waited for SQLite's writer.", Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "1, with the version as a label.",
		ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.logins, m.throttled, m.jobs, m.purged, m.groups, m.waits, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Handler serves the metrics in Prometheus's format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request counts an answer. An empty route is that of a path without an operation.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Login counts the answer to a login: "succeeded", or a problem's code.
func (m *Metrics) Login(outcome string) { m.logins.WithLabelValues(outcome).Inc() }

// Throttled counts a request that was refused for a budget.
func (m *Metrics) Throttled(budget string) { m.throttled.WithLabelValues(budget).Inc() }

// JobRan counts a run of a job: "done", "failed" or "rejected".
func (m *Metrics) JobRan(kind, outcome string) { m.jobs.WithLabelValues(kind, outcome).Inc() }

// Purged counts rows that were removed.
func (m *Metrics) Purged(rows string, n int) { m.purged.WithLabelValues(rows).Add(float64(n)) }

// SQLiteGroup counts a commit of so many transactions.
func (m *Metrics) SQLiteGroup(size int) { m.groups.Observe(float64(size)) }

// SQLiteWait counts the time that a transaction waited for the writer.
func (m *Metrics) SQLiteWait(waited time.Duration) { m.waits.Observe(waited.Seconds()) }

// Gauge has a value read at each scrape.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
}

// Counter has a value that only grows read at each scrape.
func (m *Metrics) Counter(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, value))
}
