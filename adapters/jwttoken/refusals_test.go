package jwttoken

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"coffeeshop/domain"
)

func TestParse_RefusesForeignHeaders(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	k := tokens.access
	good := decode(t, k.header)
	payload := strings.Split(mustSign(t, tokens.SignAccess, accessClaims()), ".")[1]
	kid := fmt.Sprintf(`"kid":%q`, k.kid)
	for name, header := range map[string]string{
		"none":              `{"alg":"none",` + kid + `,"typ":"JWT"}`,
		"NoNe":              `{"alg":"NoNe",` + kid + `,"typ":"JWT"}`,
		"HS512":             `{"alg":"HS512",` + kid + `,"typ":"JWT"}`,
		"RS256":             `{"alg":"RS256",` + kid + `,"typ":"JWT"}`,
		"no alg":            `{` + kid + `,"typ":"JWT"}`,
		"no kid":            `{"alg":"HS256","typ":"JWT"}`,
		"unknown kid":       `{"alg":"HS256","kid":"x","typ":"JWT"}`,
		"a path as kid":     `{"alg":"HS256","kid":"../../dev/null","typ":"JWT"}`,
		"crit":              strings.Replace(good, `"typ"`, `"crit":["exp"],"typ"`, 1),
		"empty crit":        strings.Replace(good, `"typ"`, `"crit":[],"typ"`, 1),
		"jku":               strings.Replace(good, `"typ"`, `"jku":"https://example.com/k","typ"`, 1),
		"x5u":               strings.Replace(good, `"typ"`, `"x5u":"https://example.com/k","typ"`, 1),
		"jwk":               strings.Replace(good, `"typ"`, `"jwk":{"kty":"oct","k":"AA"},"typ"`, 1),
		"x5c":               strings.Replace(good, `"typ"`, `"x5c":["AA"],"typ"`, 1),
		"b64":               strings.Replace(good, `"typ"`, `"b64":false,"typ"`, 1),
		"repeated alg":      strings.Replace(good, `{`, `{"alg":"none",`, 1),
		"repeated kid":      strings.Replace(good, `"typ"`, kid+`,"typ"`, 1),
		"another typ":       strings.Replace(good, `"JWT"`, `"JWE"`, 1),
		"escaped":           strings.Replace(good, `"HS256"`, `"\u0048S256"`, 1),
		"case":              strings.Replace(good, `"alg"`, `"ALG"`, 1),
		"trailing":          good + `{}`,
		"blank":             good + ` `,
		"no object":         `"HS256"`,
		"not JSON":          `HS256`,
		"empty":             ``,
		"the refresh key's": decode(t, tokens.refresh.header),
	} {
		if err := tokens.errAccess(forge(t, k, encode(header), payload), testNow); err != domain.ErrTokenMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tokens.errAccess(encode(`{"alg":"none","typ":"JWT"}`)+"."+payload+".", testNow); err != domain.ErrTokenMalformed {
		t.Errorf("unsigned: %v", err)
	}
}

func TestParse_RefusesPayloadsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	k := tokens.access
	good := decode(t, strings.Split(mustSign(t, tokens.SignAccess, accessClaims()), ".")[1])
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	exp, iat := fmt.Sprintf(`"exp":%d`, testNow.Unix()+1800), fmt.Sprintf(`"iat":%d`, testNow.Unix())
	jti, sid, sub := accessClaims().JTI.String(), accessClaims().SessionID.String(), accessClaims().UserID.String()
	cases := map[string]string{
		"another issuer":   replace("coffee-shop-api", "coffee-shop-apj"),
		"another audience": replace("coffee-shop-users", "everybody"),
		"audience list":    replace(`"coffee-shop-users"`, `["coffee-shop-users"]`),
		"another scope":    replace("access_token", "refresh_token"),
		"unknown scope":    replace("access_token", "id_token"),
		"no role":          replace(`"role":"admin",`, ``),
		"fraction":         replace(exp, exp+".5"),
		"whole fraction":   replace(exp, exp+".0"),
		"exponent":         replace(exp, `"exp":1e12`),
		"huge":             replace(exp, `"exp":99999999999999999999`),
		"beyond the years": replace(exp, `"exp":999999999999`),
		"negative exp":     replace(exp, `"exp":-1`),
		"negative iat":     replace(iat, `"iat":-1`),
		"text exp":         replace(exp, `"exp":"1800000000"`),
		"null exp":         replace(exp, `"exp":null`),
		"negative gen":     replace(`"gen":7`, `"gen":-7`),
		"huge gen":         replace(`"gen":7`, `"gen":9007199254740992`),
		"leading zero":     replace(`"gen":7`, `"gen":07`),
		"bad jti":          replace(jti, "1"),
		"bad sid":          replace(sid, "1"),
		"bad sub":          replace(sub, "1"),
		"nil sub":          replace(sub, "00000000-0000-0000-0000-000000000000"),
		"repeated sub":     replace(`"sub"`, `"sub":"`+jti+`","sub"`),
		"same sub twice":   replace(`"sub"`, `"sub":"`+sub+`","sub"`),
		"case":             replace(`"sub"`, `"SUB"`),
		"trailing data":    good + `{}`,
		"list":             `[` + good + `]`,
		"empty object":     `{}`,
		"null":             `null`,
		"nothing":          ``,
	}
	for _, name := range []string{"aud", "exp", "gen", "iat", "iss", "jti", "scope", "sid"} {
		_, rest, _ := strings.Cut(good, `"`+name+`":`)
		value, _, _ := strings.Cut(rest, ",")
		cases["no "+name] = replace(`"`+name+`":`+value+",", "")
	}
	cases["no sub"] = replace(`,"sub":"`+sub+`"`, "")
	cases["not before a second from now"] = replace(`"role"`, fmt.Sprintf(`"nbf":%d,"role"`, testNow.Unix()+1))
	cases["repeated unknown claim"] = replace(`"role"`, `"new":1,"new":1,"role"`)
	for name, payload := range cases {
		if err := tokens.errAccess(forge(t, k, k.header, encode(payload)), testNow); err != domain.ErrTokenMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, payload := range map[string]string{
		"the good one": good, "an unknown claim": replace(`"gen"`, `"fun":[1,{"a":null}],"gen"`), "an unknown role": replace(`"admin"`, `"auditor"`),
		"not before now": replace(`"role"`, fmt.Sprintf(`"nbf":%d,"role"`, testNow.Unix())),
	} {
		if err := tokens.errAccess(forge(t, k, k.header, encode(payload)), testNow); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refresh := decode(t, strings.Split(mustSign(t, tokens.SignRefresh, refreshClaims()), ".")[1])
	withRole := strings.Replace(refresh, `"scope"`, `"role":"user","scope"`, 1)
	if err := tokens.errRefresh(forge(t, tokens.refresh, tokens.refresh.header, encode(withRole)), testNow); err != domain.ErrTokenMalformed {
		t.Errorf("a refresh token with a role: %v", err)
	}
}

func TestParse_RefusesOtherEncodings(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, Config{})
	good := mustSign(t, tokens.SignAccess, accessClaims())
	parts := strings.Split(good, ".")
	last := len(good) - 1
	// 32 bytes fill 43 characters but for two bits, which have to be zero.
	loose := good[:last] + string(good[last]+1)
	standard := strings.NewReplacer("-", "+", "_", "/")
	for name, token := range map[string]string{
		"empty":             "",
		"dots":              "..",
		"one part":          parts[0],
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        good + ".",
		"no signature":      parts[0] + "." + parts[1] + ".",
		"padded":            good + "=",
		"loose bits":        loose,
		"line break inside": good[:last] + "\n" + good[last:],
		"line break after":  good + "\r\n",
		"blank before":      " " + good,
		"Bearer":            "Bearer " + good,
		"NUL":               good + "\x00",
		"oversized":         good + strings.Repeat("A", maxTokenBytes),
		"oversized payload": forge(t, tokens.access, parts[0], strings.Repeat("A", maxTokenBytes)),
		"loose payload":     forge(t, tokens.access, parts[0], parts[1]+"A"),
		"padded payload":    forge(t, tokens.access, parts[0], parts[1]+"="),
		"standard alphabet": forge(t, tokens.access, parts[0], encode(`{"a":"???>>>"}`)[:8]+standard.Replace("__--")),
	} {
		if err := tokens.errAccess(token, testNow); err != domain.ErrTokenMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParse_RefusesTokensOfOtherKeys(t *testing.T) {
	t.Parallel()
	tokens, foreign := newTokens(t, Config{}), newTokens(t, Config{Secret: testOther})
	payload := strings.Split(mustSign(t, tokens.SignAccess, accessClaims()), ".")[1]
	bare := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": accessClaims().UserID, "exp": testNow.Add(time.Hour).Unix()})
	withSecret, err := bare.SignedString([]byte(testSecret.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"foreign":                         mustSign(t, foreign.SignAccess, accessClaims()),
		"foreign under our header":        forge(t, foreign.access, tokens.access.header, payload),
		"refresh key under access header": forge(t, tokens.refresh, tokens.access.header, payload),
		"access claims by refresh key":    forge(t, tokens.refresh, tokens.refresh.header, payload),
		"the secret itself":               withSecret,
	} {
		if err := tokens.errAccess(token, testNow); err != domain.ErrTokenMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
