package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"coffeeshop/domain"
)

// addressOf is the address of a line, without case; empty: the line cannot be taken.
func (t *Transfer) addressOf(r Record) string {
	u, err := t.user(r)
	if err != nil {
		return ""
	}
	return u.Email.Key
}

// legacyIDOf is the id of a line in the other system; empty: it has none, or the line cannot be taken.
func (t *Transfer) legacyIDOf(r Record) string {
	if r.LegacyID == "" || t.addressOf(r) == "" {
		return ""
	}
	return r.LegacyID
}

// rivals finds lines that have the same key. It returns, for each line that gives way, the line that wins: a verified one,
// then the oldest, then the first. It reads the source once, or twice if there are any; what it keeps is eight bytes a line.
func rivals(ctx context.Context, records Source, key func(Record) string) (map[int]int, error) {
	seed := maphash.MakeSeed()
	var shards [256][]uint64 // growing one of them copies little
	err := each(ctx, records, key, func(key string, _ Record) {
		sum := maphash.String(seed, key)
		shards[sum>>56] = append(shards[sum>>56], sum)
	})
	if err != nil {
		return nil, err
	}
	repeated := map[uint64]bool{}
	for i := range shards {
		sums := shards[i]
		slices.Sort(sums)
		for j := 1; j < len(sums); j++ {
			if sums[j] == sums[j-1] {
				repeated[sums[j]] = true
			}
		}
		shards[i] = nil
	}
	gone := map[int]int{}
	if len(repeated) == 0 {
		return gone, nil
	}
	best := map[string]rival{}
	losers := map[string][]int{}
	err = each(ctx, records, key, func(key string, r Record) {
		if !repeated[maphash.String(seed, key)] {
			return
		}
		next := rival{r.Line, r.Status == string(domain.StatusVerified), r.CreatedAt}
		present, ok := best[key]
		switch {
		case !ok:
			best[key] = next
		case next.before(present):
			best[key], losers[key] = next, append(losers[key], present.line)
		default:
			losers[key] = append(losers[key], next.line)
		}
	})
	for key, lines := range losers {
		for _, line := range lines {
			gone[line] = best[key].line
		}
	}
	return gone, err
}

type rival struct {
	line     int
	verified bool
	created  time.Time // zero: not known, and so behind all that are
}

// before reports whether a line wins over one that comes before it.
func (r rival) before(other rival) bool {
	if r.verified != other.verified {
		return r.verified
	}
	return !r.created.IsZero() && (other.created.IsZero() || r.created.Before(other.created))
}

// each reads all lines that have a key.
func each(ctx context.Context, records Source, key func(Record) string, do func(key string, r Record)) error {
	for r, err := range records(ctx) {
		if errors.As(err, new(BadLine)) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the users: %w", err)
		}
		if of := key(r); of != "" {
			do(of, r)
		}
	}
	return nil
}
