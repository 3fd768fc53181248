package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"
)

// A bare path does what any implementation of an operation has to do, and nothing else: Fiber, golang-jwt's Parse, one
// prepared statement by pgxpool, a small JSON answer. It runs in a process of its own.
const (
	bareConstant = "constant" // answers at once
	bareMe       = "me"
	bareRefresh  = "refresh"
)

// bareAnswer is as long as the answer of GET /users/me.
var bareAnswer = `{"id":"` + strings.Repeat("0", 200) + `"}`

// serveBare serves a bare path until the process is killed. It prints its address first.
func serveBare(ctx context.Context, path, database string, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	if path == bareConstant {
		app.Get("/users/me", func(c *fiber.Ctx) error {
			c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
			return c.SendString(bareAnswer)
		})
	} else {
		pool, err := pgxpool.New(ctx, database)
		if err != nil {
			return err
		}
		defer pool.Close()
		app.Get("/users/me", func(c *fiber.Ctx) error { return barelyMe(c, pool) })
		app.Post("/auth/refresh", func(c *fiber.Ctx) error { return barelyRefresh(c, pool) })
	}
	fmt.Fprintln(out, listener.Addr())
	return app.Listener(listener)
}

// bareClaims are the claims of the bare paths' tokens: those of the service's.
type bareClaims struct {
	jwt.RegisteredClaims
	Session uuid.UUID `json:"sid"`
	Scope   string    `json:"scope"`
}

func bareKey(*jwt.Token) (any, error) { return []byte(secret), nil }

func parseBare(token, scope string) (bareClaims, error) {
	var claims bareClaims
	_, err := jwt.ParseWithClaims(token, &claims, bareKey, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err == nil && claims.Scope != scope {
		err = errors.New("a token of another kind")
	}
	return claims, err
}

// signBare returns both tokens of a session; jti is the refresh token's.
func signBare(user, session, jti uuid.UUID) (tokens, error) {
	sign := func(scope string, id uuid.UUID, life time.Duration) (string, error) {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, bareClaims{Session: session, Scope: scope, RegisteredClaims: jwt.RegisteredClaims{
			Issuer: "coffee-shop-api", Audience: jwt.ClaimStrings{"coffee-shop-users"}, Subject: user.String(), ID: id.String(),
			IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(life)),
		}}).SignedString([]byte(secret))
	}
	access, err1 := sign("access", uuid.New(), accessLife)
	refresh, err2 := sign("refresh", jti, refreshLife)
	return tokens{access, refresh}, errors.Join(err1, err2)
}

// barelyMe reads the two rows that GET /users/me needs.
func barelyMe(c *fiber.Ctx, pool *pgxpool.Pool) error {
	claims, err := parseBare(strings.TrimPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "), "access")
	if err != nil {
		return err
	}
	var user struct {
		ID        uuid.UUID `json:"id"`
		Email     string    `json:"email"`
		FirstName string    `json:"first_name"`
		LastName  string    `json:"last_name"`
		Status    string    `json:"status"`
		Role      string    `json:"role"`
		Blocked   bool      `json:"blocked"`
		CreatedAt time.Time `json:"created_at"`
	}
	var generation, delivered int64
	err = pool.QueryRow(c.Context(), `SELECT u.id, u.email, u.first_name, u.last_name, u.status, u.role, u.blocked, u.created_at,
	s.generation, s.delivered FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = $1 AND s.expires_at > $2`, claims.Session, time.Now()).
		Scan(&user.ID, &user.Email, &user.FirstName, &user.LastName, &user.Status, &user.Role, &user.Blocked, &user.CreatedAt, &generation, &delivered)
	if err != nil {
		return err
	}
	return c.JSON(user)
}

// barelyRefresh replaces a refresh token in one statement: whitelist, blacklist and session.
func barelyRefresh(c *fiber.Ctx, pool *pgxpool.Pool) error {
	var in struct {
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal(c.Body(), &in); err != nil {
		return err
	}
	claims, err := parseBare(in.RefreshToken, "refresh")
	if err != nil {
		return err
	}
	user, next, now := uuid.Nil, uuid.New(), time.Now()
	err = pool.QueryRow(c.Context(), `WITH t AS (
	UPDATE refresh_tokens AS t SET jti = $3, generation = t.generation + 1, issued_at = $4, expires_at = $5
	FROM refresh_tokens AS o WHERE t.session_id = $1 AND t.jti = $2 AND o.session_id = $1 AND o.jti = $2 AND t.expires_at > $4
	RETURNING t.session_id, t.generation, o.generation AS old_generation, o.issued_at AS old_issued_at, o.expires_at AS old_expires_at
), revoked AS (
	INSERT INTO revoked_refresh_tokens (jti, session_id, generation, issued_at, expires_at, reason, revoked_at)
	SELECT $2, session_id, old_generation, old_issued_at, old_expires_at, 'rotated', $4 FROM t
), s AS (
	UPDATE sessions AS s SET generation = t.generation, last_used_at = $4, rotated = t.old_generation FROM t WHERE s.id = t.session_id
	RETURNING s.user_id
)
SELECT u.id FROM s JOIN users AS u ON u.id = s.user_id`, claims.Session, claims.ID, next, now, now.Add(refreshLife)).Scan(&user)
	if err != nil {
		return err
	}
	pair, err := signBare(user, claims.Session, next)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"access_token": pair.access, "refresh_token": pair.refresh, "token_type": "bearer", "expires_in": 1800})
}

// bare is a running bare path. Its tokens are live.
type bare struct {
	program *program
	addr    string
	tokens  []tokens
}

// beginBare starts a bare path on the users of a site, which it needs for itself.
func (b *bench) beginBare(ctx context.Context, path string, s *site) (_ *bare, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	v := &bare{}
	args := []string{"-bare", path}
	if path != bareConstant {
		args = append(args, "-database", b.postgres.url(s.name)+fmt.Sprintf("&pool_max_conns=%d", max(16, 4*runtime.GOMAXPROCS(0))))
	}
	if v.tokens, err = s.tokens(signBare); err != nil {
		return nil, err
	}
	log := b.dir + "/bare.log"
	if v.program, err = begin(ctx, nil, b.dir, log, nil, syscall.SIGKILL, self, args...); err != nil {
		return nil, err
	}
	err = v.program.await(func() bool {
		file, err := os.Open(log)
		if err != nil {
			return false
		}
		defer func() { _ = file.Close() }()
		v.addr, err = bufio.NewReader(file).ReadString('\n')
		return err == nil
	})
	v.addr = strings.TrimSpace(v.addr)
	return v, err
}

func (v *bare) stop() error { return v.program.stop(syscall.SIGKILL) }

// bcryptRate returns how many passwords a second all processors together can compare.
func bcryptRate(ctx context.Context, d time.Duration) (float64, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	if err != nil {
		return 0, err
	}
	counts := make([]int, runtime.GOMAXPROCS(0))
	start := time.Now()
	var running sync.WaitGroup
	for i := range counts {
		running.Go(func() {
			for time.Since(start) < d && ctx.Err() == nil {
				if bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && time.Since(start) < d {
					counts[i]++ // one that ends too late does not count, as with the service
				}
			}
		})
	}
	running.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / d.Seconds(), ctx.Err()
}
