package jwttoken

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var anyID = rapid.Custom(func(t *rapid.T) uuid.UUID {
	id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	id[0] |= 1 // never the nil one
	return id
})

var anyAccess = rapid.Custom(func(t *rapid.T) ports.AccessClaims {
	iat := time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "iat"), 0).UTC()
	return ports.AccessClaims{
		JTI: anyID.Draw(t, "jti"), UserID: anyID.Draw(t, "sub"), SessionID: anyID.Draw(t, "sid"),
		Generation: rapid.Int64Range(1, maxGeneration).Draw(t, "gen"),
		Role:       rapid.SampledFrom([]domain.Role{domain.RoleUser, domain.RoleAdmin}).Draw(t, "role"),
		IssuedAt:   iat, ExpiresAt: iat.Add(time.Duration(rapid.Int64Range(1, 1e7).Draw(t, "life")) * time.Second),
	}
})

func asRefresh(c ports.AccessClaims) ports.RefreshClaims {
	return ports.RefreshClaims{UserID: c.UserID, RefreshToken: domain.RefreshToken{
		JTI: c.JTI, SessionID: c.SessionID, Generation: c.Generation, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt}}
}

func TestTokens_RoundTripAnyClaims(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	rapid.Check(t, func(t *rapid.T) {
		c := anyAccess.Draw(t, "claims")
		token, err := tokens.SignAccess(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.ParseAccess(token, c.IssuedAt); err != nil || got != c {
			t.Fatalf("access: %+v, %v", got, err)
		}
		r := asRefresh(c)
		if token, err = tokens.SignRefresh(r); err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.ParseRefresh(token, c.IssuedAt); err != nil || got != r {
			t.Fatalf("refresh: %+v, %v", got, err)
		}
	})
}

func TestTokens_NoChangedByteIsAccepted(t *testing.T) {
	t.Parallel()
	for _, algorithm := range append([]string{"HS256"}, Algorithms...) {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			tokens := tokensOf(t, algorithm)
			token := mustSign(t, tokens.SignAccess, accessClaims())
			for at := range len(token) {
				for _, text := range []string{
					token[:at] + string(token[at]+1) + token[at+1:], token[:at] + token[at+1:], token[:at] + "A" + token[at:], token[:at],
				} {
					// It has expired, too: the signature comes first.
					if err := tokens.errAccess(text, testNow.Add(time.Hour)); err != domain.ErrTokenMalformed {
						t.Fatalf("%q: %v", text, err)
					}
				}
			}
		})
	}
}

func FuzzParseAccess(f *testing.F) {
	tokens := newTokens(f, Config{})
	f.Add(mustSign(f, tokens.SignAccess, accessClaims()))
	f.Add(mustSign(f, tokens.SignRefresh, refreshClaims()))
	f.Add("..")
	f.Add(decode(f, strings.Split(firstAccess, ".")[1]))
	f.Fuzz(func(t *testing.T, token string) {
		for _, text := range []string{token, forge(t, tokens.access, tokens.access.header, encode(token))} {
			c, err := tokens.ParseAccess(text, testNow)
			if err != nil {
				continue
			}
			if got, err := tokens.ParseAccess(mustSign(t, tokens.SignAccess, c), testNow); err != nil || got != c {
				t.Fatalf("%s: %+v became %+v, %v", text, c, got, err)
			}
		}
	})
}

func FuzzParseRefresh(f *testing.F) {
	tokens := newTokens(f, Config{})
	f.Add(mustSign(f, tokens.SignAccess, accessClaims()))
	f.Add(mustSign(f, tokens.SignRefresh, refreshClaims()))
	f.Add(`{"aud":"coffee-shop-users"}`)
	f.Add(decode(f, strings.Split(firstRefresh, ".")[1]))
	f.Fuzz(func(t *testing.T, token string) {
		for _, text := range []string{token, forge(t, tokens.refresh, tokens.refresh.header, encode(token))} {
			c, err := tokens.ParseRefresh(text, testNow)
			if err != nil {
				continue
			}
			if got, err := tokens.ParseRefresh(mustSign(t, tokens.SignRefresh, c), testNow); err != nil || got != c {
				t.Fatalf("%s: %+v became %+v, %v", text, c, got, err)
			}
		}
	})
}

func BenchmarkParseAccess(b *testing.B) {
	for _, algorithm := range append([]string{"HS256"}, Algorithms...) {
		b.Run(algorithm, func(b *testing.B) {
			tokens := tokensOf(b, algorithm)
			token := mustSign(b, tokens.SignAccess, accessClaims())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tokens.ParseAccess(token, testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSignAccess(b *testing.B) {
	for _, algorithm := range append([]string{"HS256"}, Algorithms...) {
		b.Run(algorithm, func(b *testing.B) {
			tokens := tokensOf(b, algorithm)
			b.ReportAllocs()
			for b.Loop() {
				mustSign(b, tokens.SignAccess, accessClaims())
			}
		})
	}
}

// BenchmarkParseForeign is what a token costs that nobody here signed.
func BenchmarkParseForeign(b *testing.B) {
	tokens := tokensOf(b, "HS256")
	token := encode(`{"alg":"none"}`) + "." + encode(`{"sub":"x"}`) + "."
	b.ReportAllocs()
	for b.Loop() {
		_ = tokens.errAccess(token, testNow)
	}
}

// tokensOf are signed with an algorithm.
func tokensOf(t testing.TB, algorithm string) *Tokens {
	t.Helper()
	cfg := Config{Secret: testSecret}
	if algorithm != "HS256" {
		cfg.KeysDir, cfg.AccessLife = t.TempDir(), time.Hour
		if _, err := GenerateKey(cfg.KeysDir, algorithm, testNow); err != nil {
			t.Fatal(err)
		}
	}
	return newTokens(t, cfg)
}
