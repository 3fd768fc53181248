package metrics

import "github.com/prometheus/client_golang/prometheus"

// Jobs are how many jobs of a kind are in a state.
type Jobs struct {
	Kind, State string
	N           int
}

// Backlog has the jobs that are not done read at each scrape; ok is false when they cannot be.
func (m *Metrics) Backlog(read func() (jobs []Jobs, oldestMail float64, ok bool)) {
	m.registry.MustRegister(backlog{read})
}

type backlog struct {
	read func() (jobs []Jobs, oldestMail float64, ok bool)
}

var (
	jobsDesc   = prometheus.NewDesc(namespace+"_jobs", "Jobs that are not done, by their state: waiting, running, retrying, dead.", []string{"kind", "state"}, nil)
	oldestDesc = prometheus.NewDesc(namespace+"_oldest_waiting_mail_seconds", "How long the mail has waited that has waited longest; 0: none waits.", nil, nil)
)

// Describe implements prometheus.Collector.
func (backlog) Describe(to chan<- *prometheus.Desc) {
	to <- jobsDesc
	to <- oldestDesc
}

// Collect implements prometheus.Collector. What cannot be read is absent, rather than zero.
func (b backlog) Collect(to chan<- prometheus.Metric) {
	jobs, oldest, ok := b.read()
	if !ok {
		return
	}
	for _, j := range jobs {
		to <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(j.N), j.Kind, j.State)
	}
	to <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, oldest)
}
