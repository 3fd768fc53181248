package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// warmup is as long as the processes of PostgreSQL take to map those pages of its shared memory that are asked for:
// each does so for itself, at half the rate.
const warmup = 10 // seconds

// turns is how often an operation is measured: the machine's speed changes from one second to the next.
const turns = 8

// growth holds a small database against a large one, in turn.
func (b *bench) growth(ctx context.Context, engine string) (err error) {
	length := (b.seconds + 1) / 2
	var both []*running
	defer func() {
		for _, r := range both {
			err = errors.Join(err, r.stop())
		}
	}()
	for _, users := range []int{smallTable, largeTable} {
		s, err := b.prepare(ctx, engine, users)
		if err != nil {
			return err
		}
		r, err := b.running(ctx, s)
		if err != nil {
			return err
		}
		both = append(both, r)
	}
	for _, op := range []string{opMe, opLogin, opRefresh} {
		for _, r := range both {
			if _, err := r.once(ctx, op, warmup); err != nil {
				return err
			}
		}
		var seen [2]sample
		var used [2]usage
		for turn := range turns {
			which := turn/2%2 ^ turn%2 // small, large, large, small, and so on
			r := both[which]
			if err := r.settle(ctx); err != nil {
				return err
			}
			s, u, err := r.watch(func() (sample, error) { return r.once(ctx, op, length) })
			if err != nil {
				return err
			}
			seen[which], used[which] = seen[which].with(s), used[which].with(u)
		}
		small, large := seen[0], seen[1]
		ratio := small.rate() / large.rate()
		b.add(row{what: calls[op] + ", 1,000,000 users", engine: engine, sample: large, processor: used[1].processor / time.Duration(large.requests),
			memory: used[1].memory, result: fmt.Sprintf("%.2f times slower than with 1,000", ratio), goal: "1.10", met: verdict(ratio <= 1.1)})
	}
	return nil
}
