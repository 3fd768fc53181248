package e2e_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

// SQLite lets no process wait in a queue: one that writes all the time could keep the other one out.
func TestTwoWriters_OfOneFileBothGetOn(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := process(t, t.TempDir(), "DATA_DIR="+data, "RATE_LIMITS=off")
	db, err := bunstore.Open(t.Context(), bunstore.Config{SQLitePath: filepath.Join(data, "coffeeshop.db")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()

	var refreshed [8]atomic.Int64
	var over atomic.Bool
	var clients sync.WaitGroup
	for i := range refreshed {
		email := fmt.Sprintf("client%d@example.com", i)
		s.verified(t, email)
		pair := s.login(t, email, password)
		clients.Go(func() {
			for !over.Load() {
				a := s.call(t, "POST", "/auth/refresh", "", map[string]any{"refresh_token": pair.Refresh})
				if a.status != 200 {
					t.Errorf("the service answered %s", a)
					return
				}
				a.into(t, &pair)
				refreshed[i].Add(1)
			}
		})
	}
	for range 1000 {
		address := domain.Email{Address: uuid.NewString() + "@example.org"}
		address.Key = address.Address
		u := domain.NewUser(uuid.New(), address, domain.NewPasswordHash("hash"), domain.LocaleEnglish, time.Now())
		if err := db.InTx(t.Context(), func(tx ports.Store) error { return tx.Users().Create(t.Context(), u) }); err != nil {
			t.Errorf("the other process: %v", err)
			break
		}
	}
	over.Store(true)
	clients.Wait()
	for i := range refreshed {
		if n := refreshed[i].Load(); n < 10 {
			t.Errorf("client %d refreshed %d times while a thousand users were written", i, n)
		}
	}
}
