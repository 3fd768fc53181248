package main

import (
	"context"
	"fmt"
	"time"
)

// warmup is how long PostgreSQL's processes need to map the pages of its shared memory: until then the rate is half.
const warmup = 10 // seconds

// turns is how often each of two services is measured: the machine's speed changes from one second to the next.
const turns = 4

// growth compares a small database with a large one.
func (b *bench) growth(ctx context.Context, engine string) (err error) {
	var both pair
	defer func() { err = both.stop(err) }()
	for i, users := range []int{smallTable, largeTable} {
		s, err := b.prepare(ctx, b.binary, engine, users, bcryptCost)
		if err != nil {
			return err
		}
		if both[i], err = b.running(ctx, s); err != nil {
			return err
		}
	}
	for _, op := range []string{opMe, opLogin, opRefresh} {
		seen, used, err := both.alternate(ctx, func(r *running, seconds int) (sample, error) { return r.once(ctx, op, seconds) })
		if err != nil {
			return err
		}
		ratio := seen[0].rate() / seen[1].rate()
		b.add(row{what: calls[op] + ", 1,000,000 users", engine: engine, sample: seen[1], processor: used[1].processor / time.Duration(seen[1].requests),
			memory: used[1].memory, result: fmt.Sprintf("%.2f times slower than with 1,000", ratio), goal: "1.10", met: met(ratio <= 1.1)})
	}
	return nil
}
