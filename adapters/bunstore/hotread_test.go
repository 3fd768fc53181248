package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

func TestHotReaders_AreWaitedForAsLongAsTheContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := Open(t.Context(), Config{SQLitePath: path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	taken := make([]*hotReader, cap(db.hot))
	for i := range taken {
		taken[i] = <-db.hot
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.hot.authenticate(ctx, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		t.Errorf("closed while they were at work: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	for _, r := range taken {
		db.hot <- r
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := db.hot.authenticate(t.Context(), nil, nil); !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("after the end: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestHotReaders_TellWhatIsUnavailable(t *testing.T) {
	t.Parallel()
	_, err := openHotReaders(filepath.Join(t.TempDir(), "nothing.db"), 2)
	if !errors.Is(fail("open", err), domain.ErrUnavailable) {
		t.Error(err)
	}
}

// BenchmarkAuthenticate_OnSQLite holds the hot readers against what database/sql would need for the same.
func BenchmarkAuthenticate_OnSQLite(b *testing.B) {
	db, err := Open(b.Context(), Config{SQLitePath: filepath.Join(b.TempDir(), "test.db")}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	if err := db.Migrate(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	id, now := uuid.New(), stamp(time.Now())
	for _, row := range []any{
		&userRow{ID: id, Email: "a@example.com", EmailKey: "a@example.com", FirstName: "Ann", LastName: "Lee", Status: "verified",
			Role: "user", Locale: "en", PasswordHash: "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", CreatedAt: now, UpdatedAt: now},
		&sessionRow{ID: id, UserID: id, UserAgent: "curl/8", IP: "127.0.0.1", CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(time.Hour), Generation: 1},
		&tokenRow{SessionID: id, JTI: id, Generation: 1, IssuedAt: now, ExpiresAt: now.Add(time.Hour)},
	} {
		if _, err := db.write.NewInsert().Model(row).Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	stmt, err := db.read.PrepareContext(b.Context(), authenticateSQLite)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := stmt.Close(); err != nil {
			b.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	args := []any{id, int64(1), now}
	for name, read := range map[string]func(fields []any) error{
		"database/sql": func(fields []any) error { return stmt.QueryRowContext(ctx, args...).Scan(fields...) },
		"hot readers":  func(fields []any) error { return db.hot.authenticate(ctx, args, fields) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var u userRow
				var generation, delivered int64
				var superseded maybeTime
				if err := read(append(u.fields(), &generation, &delivered, &superseded)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
