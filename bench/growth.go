package main

import (
	"context"
	"errors"
	"fmt"
)

// growth holds a small database against a large one, in turn.
func (b *bench) growth(ctx context.Context, engine string) (err error) {
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
		var seen [2][]sample
		for turn := range 5 { // the first one warms up; then small, large, large, small
			which := []int{0, 0, 1, 1, 0}[turn]
			if turn == 0 {
				for _, r := range both {
					if _, err := r.once(ctx, op, min(b.seconds, 3)); err != nil {
						return err
					}
				}
				continue
			}
			r := both[which]
			if err := r.settle(ctx); err != nil {
				return err
			}
			s, err := r.once(ctx, op, b.seconds)
			if err != nil {
				return err
			}
			seen[which] = append(seen[which], s)
		}
		small, large := seen[0], seen[1]
		ratio := (small[0].rate() + small[1].rate()) / (large[0].rate() + large[1].rate())
		b.add(row{what: calls[op] + ", 1,000,000 users", engine: engine, sample: large[1],
			result: fmt.Sprintf("%.2f times slower than with 1,000", ratio), goal: "1.10", met: verdict(ratio <= 1.1)})
	}
	return nil
}
