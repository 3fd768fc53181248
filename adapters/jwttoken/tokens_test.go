package jwttoken

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"coffeeshop/domain"
	"coffeeshop/ports"
)

var (
	testSecret = domain.NewSecret("a secret of thirty-two bytes or more")
	testOther  = domain.NewSecret("another secret of thirty-two bytes +")
	testNow    = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
)

const (
	issuer   = "coffee-shop-api"
	audience = "coffee-shop-users"
)

func newTokens(t testing.TB, cfg Config) *Tokens {
	t.Helper()
	if cfg.Secret.IsZero() {
		cfg.Secret = testSecret
	}
	if cfg.Issuer == "" {
		cfg.Issuer, cfg.Audience = issuer, audience
	}
	tokens, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func accessClaims() ports.AccessClaims {
	return ports.AccessClaims{
		JTI: uuid.MustParse("11111111-1111-4111-8111-111111111111"), UserID: uuid.MustParse("22222222-2222-4222-8222-222222222222"),
		SessionID: uuid.MustParse("33333333-3333-4333-8333-333333333333"), Generation: 7, Role: domain.RoleAdmin,
		IssuedAt: testNow, ExpiresAt: testNow.Add(30 * time.Minute),
	}
}

func refreshClaims() ports.RefreshClaims {
	a := accessClaims()
	return ports.RefreshClaims{UserID: a.UserID, RefreshToken: domain.RefreshToken{
		JTI: a.JTI, SessionID: a.SessionID, Generation: a.Generation, IssuedAt: testNow, ExpiresAt: testNow.Add(24 * time.Hour)}}
}

func mustSign[C any](t testing.TB, sign func(C) (string, error), c C) string {
	t.Helper()
	token, err := sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decode(t testing.TB, segment string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forge signs any header and payload with a key of ours.
func forge(t testing.TB, k *key, header, payload string) string {
	t.Helper()
	text := header + "." + payload
	sum, err := k.method.Sign(text, k.private)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sum)
}

func TestSign_WritesTheClaimsThatTheContractNames(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	ids := `"jti":"11111111-1111-4111-8111-111111111111"`
	tail := `"sid":"33333333-3333-4333-8333-333333333333","sub":"22222222-2222-4222-8222-222222222222"}`
	for _, c := range []struct{ token, want string }{
		{mustSign(t, tokens.SignAccess, accessClaims()), fmt.Sprintf(
			`{"aud":"coffee-shop-users","exp":%d,"gen":7,"iat":%d,"iss":"coffee-shop-api",%s,"role":"admin","scope":"access_token",%s`,
			testNow.Unix()+1800, testNow.Unix(), ids, tail)},
		{mustSign(t, tokens.SignRefresh, refreshClaims()), fmt.Sprintf(
			`{"aud":"coffee-shop-users","exp":%d,"gen":7,"iat":%d,"iss":"coffee-shop-api",%s,"scope":"refresh_token",%s`,
			testNow.Unix()+86400, testNow.Unix(), ids, tail)},
	} {
		parts := strings.Split(c.token, ".")
		if got := decode(t, parts[1]); got != c.want {
			t.Errorf("payload:\n got %s\nwant %s", got, c.want)
		}
		var header map[string]string
		if err := json.Unmarshal([]byte(decode(t, parts[0])), &header); err != nil {
			t.Fatal(err)
		}
		if len(header) != 3 || header["alg"] != "HS256" || header["typ"] != "JWT" || header["kid"] == "" {
			t.Errorf("header %v", header)
		}
	}
}

// The tokens of accessClaims and refreshClaims as the first version signed them, which wrote and read payloads by hand,
// and took only those that it would have written itself.
const (
	firstAccess = "eyJhbGciOiJIUzI1NiIsImtpZCI6IlFaQzRyTGRRIiwidHlwIjoiSldUIn0.eyJhdWQiOiJjb2ZmZWUtc2hvcC11c2VycyIsImV4cCI6MTc3ODA1MzA4OSwiZ2VuIjo3LCJpYXQiOjE3NzgwNTEyODksImlzcyI6ImNvZmZlZS1zaG9wLWFwaSIsImp0aSI6IjExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsInJvbGUiOiJhZG1pbiIsInNjb3BlIjoiYWNjZXNzX3Rva2VuIiwic2lkIjoiMzMzMzMzMzMtMzMzMy00MzMzLTgzMzMtMzMzMzMzMzMzMzMzIiwic3ViIjoiMjIyMjIyMjItMjIyMi00MjIyLTgyMjItMjIyMjIyMjIyMjIyIn0." +
		"ADPqHzJFCiS1VSOL5PgIWBCnF3zA9BMPOuwxA-bU9O4"
	firstRefresh = "eyJhbGciOiJIUzI1NiIsImtpZCI6IndvUkM4Vy1WIiwidHlwIjoiSldUIn0.eyJhdWQiOiJjb2ZmZWUtc2hvcC11c2VycyIsImV4cCI6MTc3ODEzNzY4OSwiZ2VuIjo3LCJpYXQiOjE3NzgwNTEyODksImlzcyI6ImNvZmZlZS1zaG9wLWFwaSIsImp0aSI6IjExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsInNjb3BlIjoicmVmcmVzaF90b2tlbiIsInNpZCI6IjMzMzMzMzMzLTMzMzMtNDMzMy04MzMzLTMzMzMzMzMzMzMzMyIsInN1YiI6IjIyMjIyMjIyLTIyMjItNDIyMi04MjIyLTIyMjIyMjIyMjIyMiJ9." +
		"752vWScIX0qeD70UWQpEcA9P3_2WUliotEG_t_Zp9D4"
)

func TestTokens_OfTheFirstVersionAndThisOneAreTheSameToTheLetter(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	if got := mustSign(t, tokens.SignAccess, accessClaims()); got != firstAccess {
		t.Errorf("access: %s", got)
	}
	if got := mustSign(t, tokens.SignRefresh, refreshClaims()); got != firstRefresh {
		t.Errorf("refresh: %s", got)
	}
	if got, err := tokens.ParseAccess(firstAccess, testNow); err != nil || got != accessClaims() {
		t.Errorf("access: %+v, %v", got, err)
	}
	if got, err := tokens.ParseRefresh(firstRefresh, testNow); err != nil || got != refreshClaims() {
		t.Errorf("refresh: %+v, %v", got, err)
	}
}

// A later version adds claims to access tokens and a role. During a rolling deployment replicas of this version get its
// tokens, and it gets theirs, as it would here: with claims that are absent.
func TestTokens_OfALaterVersionAreTakenDuringARollingDeployment(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	type later struct {
		AuthMethods []string `json:"amr,omitempty"`
		AuthTime    int64    `json:"auth_time,omitzero"`
		claims      `json:",inline"`
	}
	_, text, _ := strings.Cut(firstAccess, ".")
	text, _, _ = strings.Cut(text, ".")
	own, err := readClaims(text)
	if err != nil {
		t.Fatal(err)
	}
	own.Role = "auditor"
	payload, err := jsonv2.Marshal(later{AuthMethods: []string{"pwd", "otp"}, AuthTime: testNow.Unix(), claims: own})
	if err != nil {
		t.Fatal(err)
	}
	want := accessClaims()
	want.Role = "auditor"
	if got, err := tokens.ParseAccess(forge(t, tokens.access, tokens.access.header, encode(string(payload))), testNow); err != nil || got != want {
		t.Errorf("%s: %+v, %v", payload, got, err)
	}
	var theirs later
	if err := jsonv2.Unmarshal([]byte(decode(t, strings.Split(firstAccess, ".")[1])), &theirs); err != nil || theirs.UserID != want.UserID || theirs.AuthTime != 0 {
		t.Errorf("%+v, %v", theirs, err)
	}
}

func TestTokens_OfAnotherIssuerOrAudienceAreRefused(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	for _, cfg := range []Config{{Issuer: "https://id.example.com", Audience: audience}, {Issuer: issuer, Audience: "others"}} {
		theirs := newTokens(t, cfg)
		access, refresh := mustSign(t, theirs.SignAccess, accessClaims()), mustSign(t, theirs.SignRefresh, refreshClaims())
		if err := theirs.errAccess(access, testNow); err != nil {
			t.Error(err)
		}
		if err := tokens.errAccess(access, testNow); err != domain.ErrTokenMalformed {
			t.Errorf("access of %+v: %v", cfg, err)
		}
		if err := tokens.errRefresh(refresh, testNow); err != domain.ErrTokenMalformed {
			t.Errorf("refresh of %+v: %v", cfg, err)
		}
	}
}

func TestParse_ReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	if got, err := tokens.ParseAccess(mustSign(t, tokens.SignAccess, accessClaims()), testNow); err != nil || got != accessClaims() {
		t.Errorf("access: %+v, %v", got, err)
	}
	if got, err := tokens.ParseRefresh(mustSign(t, tokens.SignRefresh, refreshClaims()), testNow); err != nil || got != refreshClaims() {
		t.Errorf("refresh: %+v, %v", got, err)
	}
}

func TestSignRefresh_RepeatsTheTokenToTheLetterAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	first := mustSign(t, newTokens(t, Config{}).SignRefresh, refreshClaims())
	if second := mustSign(t, newTokens(t, Config{}).SignRefresh, refreshClaims()); second != first {
		t.Errorf("%s and %s", first, second)
	}
}

func TestSign_RefusesClaimsThatParseWouldRefuse(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	for name, change := range map[string]func(*ports.AccessClaims){
		"no jti":           func(c *ports.AccessClaims) { c.JTI = uuid.Nil },
		"no user":          func(c *ports.AccessClaims) { c.UserID = uuid.Nil },
		"no session":       func(c *ports.AccessClaims) { c.SessionID = uuid.Nil },
		"no role":          func(c *ports.AccessClaims) { c.Role = "" },
		"zero times":       func(c *ports.AccessClaims) { c.IssuedAt = time.Time{} },
		"minus generation": func(c *ports.AccessClaims) { c.Generation = -1 },
	} {
		c := accessClaims()
		change(&c)
		if token, err := tokens.SignAccess(c); err == nil {
			t.Errorf("%s: %s", name, token)
		}
	}
}

func TestParse_TellsTheOtherKindFromTheExpiredOne(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	access, refresh := mustSign(t, tokens.SignAccess, accessClaims()), mustSign(t, tokens.SignRefresh, refreshClaims())
	never := testNow.Add(100 * 24 * time.Hour)
	cases := []struct {
		name  string
		parse func(string, time.Time) error
		token string
		now   time.Time
		want  error
	}{
		{"refresh as access", tokens.errAccess, refresh, testNow, domain.ErrTokenScope},
		{"access as refresh", tokens.errRefresh, access, testNow, domain.ErrTokenScope},
		{"expired refresh as access", tokens.errAccess, refresh, never, domain.ErrTokenScope},
		{"expired access as refresh", tokens.errRefresh, access, never, domain.ErrTokenScope},
		{"access before its end", tokens.errAccess, access, testNow.Add(30*time.Minute - time.Nanosecond), nil},
		{"access at its end", tokens.errAccess, access, testNow.Add(30 * time.Minute), domain.ErrTokenExpired},
		{"refresh at its end", tokens.errRefresh, refresh, testNow.Add(24 * time.Hour), domain.ErrTokenExpired},
		{"issued in the future", tokens.errAccess, access, testNow.Add(-time.Hour), nil},
		{"expired and altered", tokens.errAccess, access[:len(access)-8] + "AAAAAAAA", never, domain.ErrTokenMalformed},
	}
	for _, c := range cases {
		if err := c.parse(c.token, c.now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func (t *Tokens) errAccess(token string, now time.Time) error {
	_, err := t.ParseAccess(token, now)
	return err
}

func (t *Tokens) errRefresh(token string, now time.Time) error {
	_, err := t.ParseRefresh(token, now)
	return err
}

func TestPreviousSecret_VerifiesAndNeverSigns(t *testing.T) {
	t.Parallel()
	old, both, next := newTokens(t, Config{}), newTokens(t, Config{Secret: testOther, Previous: testSecret}), newTokens(t, Config{Secret: testOther})
	for _, c := range []struct {
		token string
		by    *Tokens
		want  error
	}{
		{mustSign(t, old.SignAccess, accessClaims()), both, nil},
		{mustSign(t, both.SignAccess, accessClaims()), next, nil},
		{mustSign(t, both.SignAccess, accessClaims()), old, domain.ErrTokenMalformed},
		{mustSign(t, old.SignAccess, accessClaims()), next, domain.ErrTokenMalformed},
	} {
		if err := c.by.errAccess(c.token, testNow); err != c.want {
			t.Errorf("access: %v", err)
		}
	}
	for _, c := range []struct {
		token string
		by    *Tokens
		want  error
	}{
		{mustSign(t, old.SignRefresh, refreshClaims()), both, nil},
		{mustSign(t, both.SignRefresh, refreshClaims()), next, nil},
		{mustSign(t, both.SignRefresh, refreshClaims()), old, domain.ErrTokenMalformed},
		{mustSign(t, old.SignRefresh, refreshClaims()), next, domain.ErrTokenMalformed},
	} {
		if err := c.by.errRefresh(c.token, testNow); err != c.want {
			t.Errorf("refresh: %v", err)
		}
	}
}

func TestNew_RefusesAShortSecret(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{}, {Secret: domain.NewSecret("short secret")}, {Secret: testSecret, Previous: domain.NewSecret("short secret")}} {
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), "short secret") {
			t.Errorf("%v", err)
		}
	}
}

func TestJWKS_IsEmptyUnderHS256(t *testing.T) {
	t.Parallel()
	if got := string(newTokens(t, Config{}).JWKS()); got != `{"keys":[]}` {
		t.Error(got)
	}
}

func TestAccessToken_VerifiesWithAnOrdinaryLibrary(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	parsed, err := jwt.Parse(mustSign(t, tokens.SignAccess, accessClaims()), func(*jwt.Token) (any, error) { return tokens.access.public, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("coffee-shop-api"), jwt.WithAudience("coffee-shop-users"),
		jwt.WithTimeFunc(func() time.Time { return testNow }), jwt.WithStrictDecoding())
	if err != nil || !parsed.Valid {
		t.Error(err)
	}
}
