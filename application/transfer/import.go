package transfer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

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
	sameAddress, err := rivals(ctx, records, t.addressOf)
	if err != nil {
		return done, err
	}
	sameLegacyID, err := rivals(ctx, records, t.legacyIDOf)
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
		for _, same := range []struct {
			field string
			gone  map[int]int
		}{{"email", sameAddress}, {"legacy_id", sameLegacyID}} {
			if winner, ok := same.gone[r.Line]; err == nil && ok {
				err = fmt.Errorf("%s is that of line %d, which is verified, or older, or comes first", same.field, winner)
			}
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

// batchRun is one run of a batch's transaction.
type batchRun struct {
	t   *Transfer
	o   Options
	now time.Time
	tx  ports.Store

	byID       map[uuid.UUID]domain.User
	byLegacy   map[string]uuid.UUID
	verified   map[string]uuid.UUID   // by address
	unverified map[string][]uuid.UUID // by address

	added, updated, skipped int
	bad                     []BadLine
	failed                  error // of ConflictFail
}

func (b *batchRun) run(ctx context.Context, batch []entry) error {
	if err := b.lock(ctx, batch); err != nil {
		return err
	}
	var created []domain.User
	var replaced []uuid.UUID
	lines := map[uuid.UUID]int{}
	for _, e := range batch {
		if b.contradicts(e.user) {
			b.bad = append(b.bad, BadLine{e.record.Line, e.record.name(), "legacy_id and email are those of two users"})
			continue
		}
		if id, ok := b.known(e.user); ok {
			if b.o.Conflict == ConflictFail {
				b.failed = fmt.Errorf("line %d: %w", e.record.Line, ErrKnown)
				break
			}
			if err := b.meet(ctx, b.byID[id], e, lines[id] > 0); err != nil {
				return err
			}
			continue
		}
		u := e.user
		if u.ID == uuid.Nil {
			u.ID = b.t.deps.NewID()
		} else if _, taken := b.byID[u.ID]; taken {
			b.bad = append(b.bad, BadLine{e.record.Line, e.record.name(), "id is that of another user"})
			continue
		}
		if u.Verified() {
			replaced = append(replaced, b.forget(u.Email.Key)...)
		}
		b.learn(u)
		created, lines[u.ID] = append(created, u), e.record.Line
	}
	if err := b.tx.Users().DeleteSignUps(ctx, replaced...); err != nil {
		return err
	}
	stored, err := b.tx.Users().CreateMany(ctx, created)
	if err != nil {
		return err
	}
	b.added = len(stored)
	for _, id := range stored {
		delete(lines, id)
	}
	for _, line := range lines {
		b.bad = append(b.bad, BadLine{line, "", "somebody took the address or an id at the same moment; run the import again"})
	}
	return nil
}

// lock locks all users that the lines may be about.
func (b *batchRun) lock(ctx context.Context, batch []entry) error {
	var who ports.UserSet
	for _, e := range batch {
		who.Emails = append(who.Emails, e.user.Email.Key)
		if e.user.ID != uuid.Nil {
			who.IDs = append(who.IDs, e.user.ID)
		}
		if e.user.LegacyID != "" {
			who.LegacyIDs = append(who.LegacyIDs, e.user.LegacyID)
		}
	}
	b.byID, b.byLegacy, b.verified, b.unverified = map[uuid.UUID]domain.User{}, map[string]uuid.UUID{}, map[string]uuid.UUID{}, map[string][]uuid.UUID{}
	locked, err := b.tx.Users().Lock(ctx, who)
	for _, u := range locked {
		b.learn(u)
	}
	return err
}

func (b *batchRun) learn(u domain.User) {
	b.byID[u.ID] = u
	if u.LegacyID != "" {
		b.byLegacy[u.LegacyID] = u.ID
	}
	if u.Verified() {
		b.verified[u.Email.Key] = u.ID
	} else {
		b.unverified[u.Email.Key] = append(b.unverified[u.Email.Key], u.ID)
	}
}

// forget drops the unverified users of an address, which a verified one replaces, and returns their ids.
func (b *batchRun) forget(address string) []uuid.UUID {
	gone := b.unverified[address]
	for _, id := range gone {
		delete(b.byLegacy, b.byID[id].LegacyID)
		delete(b.byID, id)
	}
	delete(b.unverified, address)
	return gone
}

// known finds the user that a line is about.
func (b *batchRun) known(u domain.User) (uuid.UUID, bool) {
	if id, ok := b.byLegacy[u.LegacyID]; ok && u.LegacyID != "" {
		return id, true
	}
	if id, ok := b.verified[u.Email.Key]; ok {
		return id, true
	}
	for _, id := range b.unverified[u.Email.Key] {
		if known := b.byID[id]; !u.Verified() && !known.SignedUp() { // a stranger's sign-up is not the line's user
			return id, true
		}
	}
	return uuid.Nil, false
}

// contradicts reports whether a line's legacy id is that of one user, and its address that of another.
func (b *batchRun) contradicts(u domain.User) bool {
	one, known := b.byLegacy[u.LegacyID]
	other, verified := b.verified[u.Email.Key]
	return u.LegacyID != "" && known && verified && one != other
}

// meet does with a known user what the operator chose. One that this batch makes stays as its first line has it.
func (b *batchRun) meet(ctx context.Context, known domain.User, e entry, fresh bool) error {
	if b.o.Conflict == ConflictSkip || fresh {
		b.skipped++
		return nil
	}
	stored, err := b.tx.Users().ByID(ctx, known.ID)
	if err != nil {
		return err
	}
	next := stored
	custom, err := customOf(stored.Custom, e.record)
	if err != nil {
		return err
	}
	if err := next.Rename(or(e.record.FirstName, next.FirstName), or(e.record.LastName, next.LastName), b.now); err != nil {
		return err
	}
	if e.record.Locale != "" {
		next.ChangeLocale(e.user.Locale, b.now)
	}
	if next.UpdatedAt = stored.UpdatedAt; next == stored && custom == stored.Custom {
		b.skipped++
		return nil
	}
	next.UpdatedAt = b.now
	if err := b.tx.Users().Update(ctx, next); err != nil {
		return err
	}
	b.updated++
	if custom == stored.Custom {
		return nil
	}
	return b.tx.Users().SetCustom(ctx, known.ID, custom)
}

func or(given, present string) string {
	if given != "" {
		return given
	}
	return present
}
