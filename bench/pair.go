package main

import (
	"context"
	"errors"
)

// pair is two running services, of which one is used at a time.
type pair [2]*running

// stop ends those that run, and joins what fails to err.
func (p pair) stop(err error) error {
	for _, r := range p {
		if r != nil {
			err = errors.Join(err, r.stop())
		}
	}
	return err
}

// alternate measures the same load on both services, in turns: first, second, second, first, and so on.
func (p pair) alternate(ctx context.Context, load func(r *running, seconds int) (sample, error)) (seen [2]sample, used [2]usage, err error) {
	for _, r := range p {
		if _, err := load(r, warmup); err != nil {
			return seen, used, err
		}
	}
	var samples [2][]sample
	for turn := range 2 * turns {
		i := turn/2%2 ^ turn%2
		r := p[i]
		if err := r.settle(ctx); err != nil {
			return seen, used, err
		}
		s, u, err := r.watch(func() (sample, error) { return load(r, (r.seconds+1)/2) })
		if err != nil {
			return seen, used, err
		}
		samples[i], used[i] = append(samples[i], s), used[i].with(u)
	}
	return [2]sample{merge(samples[0]), merge(samples[1])}, used, nil
}
