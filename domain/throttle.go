package domain

import "time"

// Budget is how much of something a throttle lets through: Burst at once, and after that one each Interval.
type Budget struct {
	Burst    int
	Interval time.Duration
}
