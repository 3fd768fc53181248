package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver

	"coffeeshop/adapters/jwttoken"
	"coffeeshop/domain"
	"coffeeshop/ports"
)

const password = "correct horse battery staple"

// Each number has a user, a session and its refresh token. The ids grow with it, as those of version 7 do.
const (
	userID    = "01890000-0000-7000-8000-%012x"
	sessionID = "01890000-0000-7000-9000-%012x"
	tokenID   = "01890000-0000-7000-a000-%012x"
)

func email(i int) string { return fmt.Sprintf("user%d@example.com", i) }

// The statements, for both engines: they differ in how they count, write ids, and write times. In SQLite printf
// does what it does in Go.
const (
	seedUsers = `INSERT INTO users (id, email, email_key, pending_email, pending_email_key, first_name, last_name, status, role, locale,
	password_hash, password_version, unverified_until, sign_up_network, blocked, blocked_until, block_reason, version, created_at, updated_at)
SELECT {user}, 'user' || i || '@example.com', 'user' || i || '@example.com', '', '', 'Ada', 'Lovelace', 'verified', 'user', 'en',
	'{hash}', 1, NULL, '', false, NULL, '', 1, '{now}', '{now}' FROM {numbers}`
	seedSessions = `INSERT INTO sessions (id, user_id, user_agent, ip, created_at, last_used_at, expires_at, generation, rotated, delivered)
SELECT {session}, {user}, 'bench', '127.0.0.1', '{now}', '{now}', '{end}', 1, 0, 1 FROM {numbers}`
	seedTokens = `INSERT INTO refresh_tokens (session_id, jti, generation, issued_at, expires_at)
SELECT {session}, {token}, 1, '{now}', '{tomorrow}' FROM {numbers}`
)

func (b *bench) seed(ctx context.Context, s *site, cost int) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return err
	}
	const format = "2006-01-02 15:04:05-07:00"
	dialect := []string{
		"{user}", fmt.Sprintf("printf('%s', i)", userID), "{session}", fmt.Sprintf("printf('%s', i)", sessionID),
		"{token}", fmt.Sprintf("printf('%s', i)", tokenID),
		"{numbers}", fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)", s.users),
	}
	if s.engine == postgres {
		id := func(format string) string {
			return strings.Replace("('"+format+"')::uuid", "%012x", "' || lpad(to_hex(i), 12, '0') || '", 1)
		}
		dialect = []string{
			"{user}", id(userID), "{session}", id(sessionID),
			"{token}", id(tokenID),
			"{numbers}", fmt.Sprintf("generate_series(1::bigint, %d) AS i", s.users),
		}
	}
	at := issued()
	replace := strings.NewReplacer(append(dialect, "{hash}", string(hash), "{now}", at.Format(format),
		"{tomorrow}", at.Add(refreshLife).Format(format), "{end}", at.Add(sessionLife).Format(format))...)
	statements := []string{replace.Replace(seedUsers), replace.Replace(seedSessions), replace.Replace(seedTokens)}
	if s.engine == postgres {
		if _, err = b.postgres.sql(ctx, s.name, statements...); err != nil {
			return err
		}
		return b.postgres.settle(ctx, s.name)
	}
	return seedSQLite(ctx, filepath.Join(s.data, "coffeeshop.db"), statements)
}

func seedSQLite(ctx context.Context, file string, statements []string) (err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	for _, s := range append(statements, "PRAGMA wal_checkpoint(TRUNCATE)") {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return nil
}

// The service's defaults; access tokens are given a day, so that they outlast a run.
const (
	accessLife  = 24 * time.Hour
	refreshLife = 24 * time.Hour
	sessionLife = 30 * 24 * time.Hour
)

// issued is when the sessions of this run began.
var issued = func() func() time.Time {
	at := time.Now().UTC().Truncate(time.Second)
	return func() time.Time { return at }
}()

// hot returns the numbers of the sessions that are used: all over the table.
func (s *site) hot() []int {
	all := make([]int, hotSessions)
	for k := range all {
		all[k] = 1 + k*s.users/hotSessions
	}
	return all
}

// tokens are those of a session.
type tokens struct{ access, refresh string }

// signed returns the service's tokens of the sessions in use.
func (s *site) signed() ([]tokens, error) {
	signer, err := jwttoken.New(jwttoken.Config{Issuer: "coffee-shop-api", Audience: "coffee-shop-users", Secret: domain.NewSecret(secret)})
	if err != nil {
		return nil, err
	}
	return s.tokens(func(user, session, jti uuid.UUID) (tokens, error) {
		access, err1 := signer.SignAccess(ports.AccessClaims{JTI: uuid.New(), UserID: user, SessionID: session, Generation: 1,
			Role: domain.RoleUser, IssuedAt: issued(), ExpiresAt: issued().Add(accessLife)})
		refresh, err2 := signer.SignRefresh(ports.RefreshClaims{UserID: user, RefreshToken: domain.RefreshToken{JTI: jti, SessionID: session,
			Generation: 1, IssuedAt: issued(), ExpiresAt: issued().Add(refreshLife)}})
		return tokens{access, refresh}, errors.Join(err1, err2)
	})
}

// tokens returns the tokens of the sessions in use, as sign makes them.
func (s *site) tokens(sign func(user, session, jti uuid.UUID) (tokens, error)) ([]tokens, error) {
	var all []tokens
	for _, i := range s.hot() {
		user, session := uuid.MustParse(fmt.Sprintf(userID, i)), uuid.MustParse(fmt.Sprintf(sessionID, i))
		pair, err := sign(user, session, uuid.MustParse(fmt.Sprintf(tokenID, i)))
		if err != nil {
			return nil, err
		}
		all = append(all, pair)
	}
	return all, nil
}
