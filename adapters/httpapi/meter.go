package httpapi

import "time"

// Meter counts requests. It hears templates of paths and stable codes, and no text of a caller.
type Meter interface {
	Request(route, method string, status int, took time.Duration)
	Login(outcome string)
	Throttled(budget string)
}

// measure tells the meter of a request.
func (a *API) measure(r *request, method string, status int) {
	if a.cfg.Meter == nil {
		return
	}
	a.cfg.Meter.Request(r.route, method, status, time.Since(r.start))
	if r.problem != nil && r.problem.throttle != "" {
		a.cfg.Meter.Throttled(r.problem.throttle)
	}
	if r.route == pathLogin || r.route == pathToken {
		outcome := "succeeded"
		if r.problem != nil {
			outcome = r.problem.Code
		}
		a.cfg.Meter.Login(outcome)
	}
}
