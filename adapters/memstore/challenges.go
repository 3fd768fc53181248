package memstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

type challenges struct{ runner }

func (r challenges) Create(ctx context.Context, c domain.Challenge) error {
	return r.statement(ctx, "Challenges.Create", func(t *tx) error {
		if _, err := t.store.challenges.get(c.ID); err == nil {
			return fmt.Errorf("memstore: there is a challenge %s already", c.ID)
		}
		if _, err := t.store.users.get(c.UserID); err != nil && c.UserID != uuid.Nil {
			return fmt.Errorf("memstore: there is no user %s for a challenge", c.UserID)
		}
		c.CreatedAt, c.HandedOverAt, c.ExpiresAt, c.SignUp.At = keep(c.CreatedAt), keep(c.HandedOverAt), keep(c.ExpiresAt), keep(c.SignUp.At)
		t.store.challenges.put(t, c.ID, c)
		return nil
	})
}

func (r challenges) ByID(ctx context.Context, id uuid.UUID) (domain.Challenge, error) {
	return query(ctx, r, "Challenges.ByID", func(t *tx) (domain.Challenge, error) { return t.store.challenges.get(id) })
}

func (r challenges) Live(ctx context.Context, p domain.Purpose, key string, now time.Time) ([]domain.Challenge, error) {
	return query(ctx, r, "Challenges.Live", func(t *tx) ([]domain.Challenge, error) { return t.liveChallenges(p, key, now), nil })
}

func (r challenges) CountGuess(ctx context.Context, p domain.Purpose, key string, now time.Time) error {
	return r.statement(ctx, "Challenges.CountGuess", func(t *tx) error {
		for _, c := range t.liveChallenges(p, key, now) {
			if c.Guesses < domain.MaxGuesses {
				c.Guesses++
				t.store.challenges.put(t, c.ID, c)
			}
		}
		return nil
	})
}

func (r challenges) Consume(ctx context.Context, id uuid.UUID, now time.Time) error {
	return r.statement(ctx, "Challenges.Consume", func(t *tx) error {
		c, err := t.store.challenges.get(id)
		if err != nil {
			return err
		}
		if !c.Live(now) {
			return domain.ErrNotFound
		}
		t.store.challenges.remove(t, id)
		return nil
	})
}

func (r challenges) BeginHandOver(ctx context.Context, id uuid.UUID, now, expires time.Time) error {
	return r.statement(ctx, "Challenges.BeginHandOver", func(t *tx) error {
		if c, err := t.store.challenges.get(id); err == nil {
			if c.HandOvers == 0 {
				c.HandedOverAt, c.ExpiresAt = keep(now), keep(expires)
			}
			c.HandOvers++
			t.store.challenges.put(t, id, c)
		}
		return nil
	})
}

func (r challenges) UndoHandOver(ctx context.Context, id uuid.UUID, expires time.Time) error {
	return r.statement(ctx, "Challenges.UndoHandOver", func(t *tx) error {
		if c, err := t.store.challenges.get(id); err == nil && c.HandOvers > 0 {
			if c.HandOvers--; c.HandOvers == 0 {
				c.HandedOverAt, c.ExpiresAt = time.Time{}, keep(expires)
			}
			t.store.challenges.put(t, id, c)
		}
		return nil
	})
}

func (r challenges) DeleteByAddress(ctx context.Context, p domain.Purpose, key string) error {
	return r.statement(ctx, "Challenges.DeleteByAddress", func(t *tx) error {
		t.removeChallenges(func(c domain.Challenge) bool { return c.Purpose == p && c.Email.Key == key })
		return nil
	})
}

func (r challenges) DeleteByUser(ctx context.Context, user uuid.UUID) error {
	return r.statement(ctx, "Challenges.DeleteByUser", func(t *tx) error {
		t.removeChallenges(func(c domain.Challenge) bool { return c.UserID == user && user != uuid.Nil })
		return nil
	})
}

func (r challenges) DeleteExpired(ctx context.Context, now time.Time, limit int) (int, error) {
	return query(ctx, r, "Challenges.DeleteExpired", func(t *tx) (int, error) {
		expired := first(limit, slices.Collect(t.store.challenges.where(func(c domain.Challenge) bool { return !c.Live(now) })))
		for _, c := range expired {
			t.store.challenges.remove(t, c.ID)
		}
		return len(expired), nil
	})
}

// liveChallenges returns the challenges of an address that have not expired, newest first.
func (t *tx) liveChallenges(p domain.Purpose, key string, now time.Time) []domain.Challenge {
	return slices.SortedFunc(t.store.challenges.where(func(c domain.Challenge) bool {
		return c.Purpose == p && c.Email.Key == key && c.Live(now)
	}), func(a, b domain.Challenge) int { return b.CreatedAt.Compare(a.CreatedAt) })
}

func (t *tx) removeChallenges(match func(domain.Challenge) bool) {
	for c := range t.store.challenges.where(match) {
		t.store.challenges.remove(t, c.ID)
	}
}
