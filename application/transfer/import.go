package transfer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

// Conflict says what becomes of a line whose user is known.
type Conflict string

// The conflicts' outcomes.
const (
	ConflictSkip   Conflict = "skip"   // it stays as it is
	ConflictUpdate Conflict = "update" // names, locale and custom fields are taken over
	ConflictFail   Conflict = "fail"   // the run ends; what was committed stays
)

// Conflicts are all of them.
var Conflicts = []Conflict{ConflictSkip, ConflictUpdate, ConflictFail}

// Options are the operator's choices for an import.
type Options struct {
	Conflict Conflict
	DryRun   bool
	Report   func(BadLine)      // each line that is not taken
	Progress func(done Summary) // after each transaction
}

// Summary counts lines.
type Summary struct {
	Lines   int // read
	Added   int
	Updated int
	Skipped int // known, and left as they are
	Bad     int
}

// batchMost is how many lines one transaction takes at most. On SQLite others wait for it.
const batchMost = 500

// ErrKnown ends a run with ConflictFail.
var ErrKnown = &domain.Error{Kind: domain.KindConflict, Code: "known_user", Message: "The user of this line is known already."}

// entry is a line that can be taken.
type entry struct {
	record Record
	user   domain.User
}

// Import stores the users of records. A line is known by its legacy id, else by its address. A verified line replaces the
// sign-ups and invitations of its address with their codes. It sends no mail, has no budget, and records one audit event.
//
// Each transaction takes at most 500 lines, and is followed by a pause as long, in which a running service writes. What
// was committed stays, whatever ends the run, and a repeated run changes nothing: so a run that was stopped half-way is
// run again. When ctx ends, the run does, between two transactions.
func (t *Transfer) Import(ctx context.Context, records Source, o Options) (done Summary, err error) {
	beaten, err := t.rivals(ctx, records)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, t.recordImport(ctx, done, o)) }()
	var batch []entry
	store := func() error {
		if len(batch) == 0 {
			return nil
		}
		begun := t.deps.Now()
		err := t.importBatch(ctx, batch, o, &done)
		batch = batch[:0]
		o.Progress(done)
		if err == nil && !o.DryRun {
			pause(ctx, t.deps.Now().Sub(begun))
		}
		return err
	}
	for r, err := range records(ctx) {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		var bad BadLine
		if err != nil && !errors.As(err, &bad) {
			return done, errors.Join(store(), fmt.Errorf("read the users: %w", err))
		}
		done.Lines++
		var u domain.User
		if err == nil {
			u, err = t.user(r)
		}
		if by, ok := beaten[r.Line]; err == nil && ok {
			err = fmt.Errorf("%s is that of line %d, which is verified, or older, or comes first", by.field, by.line)
		}
		if err != nil {
			done.Bad++
			o.Report(BadLine{max(r.Line, bad.Line), r.name(), reason(err)})
			continue
		}
		if batch = append(batch, entry{r, u}); len(batch) == batchMost {
			if err := store(); err != nil {
				return done, err
			}
		}
	}
	return done, store()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

var errDryRun = errors.New("nothing is stored")

// importBatch stores a batch in one transaction and adds what became of it to done.
func (t *Transfer) importBatch(ctx context.Context, batch []entry, o Options, done *Summary) error {
	var b *batchRun
	err := t.deps.Store.InTx(ctx, func(tx ports.Store) error {
		b = &batchRun{t: t, o: o, now: t.now(), tx: tx}
		if err := b.run(ctx, batch); err != nil {
			return err
		}
		if o.DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return fmt.Errorf("import lines %d to %d: %w", batch[0].record.Line, batch[len(batch)-1].record.Line, err)
	}
	done.Added, done.Updated, done.Skipped, done.Bad = done.Added+b.added, done.Updated+b.updated, done.Skipped+b.skipped, done.Bad+len(b.bad)
	for _, line := range b.bad {
		o.Report(line)
	}
	return b.failed
}

// recordImport records a run, also when its ctx has ended.
func (t *Transfer) recordImport(ctx context.Context, done Summary, o Options) error {
	if o.DryRun {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return t.deps.Store.Audit().Append(ctx, domain.AuditEvent{ID: t.deps.NewID(), At: t.now(), Action: domain.ActionUsersImported, Details: map[string]string{
		"added": strconv.Itoa(done.Added), "updated": strconv.Itoa(done.Updated), "skipped": strconv.Itoa(done.Skipped), "bad": strconv.Itoa(done.Bad),
	}})
}
