package transfer

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

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
