package bunstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

// Whoever rotates or ends a session holds its token before the session. A purge that took the session first would wait
// for the token, and the other one for the session.
func TestDeleteExpired_PassesOverSessionsWhoseTokenIsHeld(t *testing.T) {
	t.Parallel()
	cfg := onPostgres(t)
	db := open(t, cfg)
	migrate(t, db)
	now := time.Now()
	u := newUser(t, now)
	if _, err := db.Users().CreateSignUp(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	s, token := domain.NewSession(uuid.New(), u.ID, uuid.New(), domain.Source{}, now, domain.SessionLimits{Refresh: time.Hour, Session: time.Hour})
	if err := db.Sessions().Create(t.Context(), s, token); err != nil {
		t.Fatal(err)
	}
	purge := func(want int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if n, err := db.Sessions().DeleteExpired(ctx, now.Add(time.Hour), 10); err != nil || n != want {
			t.Errorf("%d rows, want %d: %v", n, want, err)
		}
	}
	tx, err := behind(t, cfg).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "SELECT 1 FROM refresh_tokens FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	purge(0)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	purge(1)
}
