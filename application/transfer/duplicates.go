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

// identity is a field by which a line is known, with its value.
type identity struct{ field, value string }

// identities are those of a line that can be taken: its address without case, and its legacy id if it has one.
func (t *Transfer) identities(r Record) []identity {
	u, err := t.user(r)
	if err != nil {
		return nil
	}
	all := []identity{{"email", u.Email.Key}}
	if u.LegacyID != "" {
		all = append(all, identity{"legacy_id", u.LegacyID})
	}
	return all
}

// winner is the line that another one gives way to, and the field that both share.
type winner struct {
	field string
	line  int
}

// rivals finds lines that share an identity. It returns the winner for each line that gives way: a verified one, then the
// oldest, then the first. It reads the source once, and again if there are any. It keeps four bytes for each identity.
func (t *Transfer) rivals(ctx context.Context, records Source) (map[int]winner, error) {
	seed := maphash.MakeSeed()
	// The number of a shard and what it keeps are 40 bits together: among a million lines there is half a false rival, which
	// the second reading finds out. Growing one shard copies little.
	hash := func(of identity) (shard uint8, kept uint32) {
		sum := maphash.Comparable(seed, of)
		return uint8(sum >> 56), uint32(sum)
	}
	var shards [256][]uint32
	err := t.each(ctx, records, func(of identity, _ Record) {
		shard, kept := hash(of)
		shards[shard] = append(shards[shard], kept)
	})
	if err != nil {
		return nil, err
	}
	type shared struct {
		shard uint8
		kept  uint32
	}
	repeated := map[shared]bool{}
	for i := range shards {
		sums := shards[i]
		slices.Sort(sums)
		for j := 1; j < len(sums); j++ {
			if sums[j] == sums[j-1] {
				repeated[shared{uint8(i), sums[j]}] = true
			}
		}
		shards[i] = nil
	}
	gone := map[int]winner{}
	if len(repeated) == 0 {
		return gone, nil
	}
	best, losers := map[identity]rival{}, map[identity][]int{}
	err = t.each(ctx, records, func(of identity, r Record) {
		shard, kept := hash(of)
		if !repeated[shared{shard, kept}] {
			return
		}
		next := rival{r.Line, r.Status == string(domain.StatusVerified), r.CreatedAt}
		present, ok := best[of]
		switch {
		case !ok:
			best[of] = next
		case next.before(present):
			best[of], losers[of] = next, append(losers[of], present.line)
		default:
			losers[of] = append(losers[of], next.line)
		}
	})
	for of, lines := range losers {
		for _, line := range lines {
			if gone[line].field != "email" { // which is told before the other
				gone[line] = winner{of.field, best[of].line}
			}
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

// each reads the identities of all lines.
func (t *Transfer) each(ctx context.Context, records Source, do func(of identity, r Record)) error {
	for r, err := range records(ctx) {
		if errors.As(err, new(BadLine)) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the users: %w", err)
		}
		for _, of := range t.identities(r) {
			do(of, r)
		}
	}
	return nil
}
