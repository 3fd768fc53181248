package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"coffeeshop/domain"
)

func TestCodes_DependOnEveryPartOfTheChallengeAndOnTheKey(t *testing.T) {
	t.Parallel()
	key, err := domain.NewCodeKey(domain.NewSecret("one secret"))
	if err != nil {
		t.Fatal(err)
	}
	otherKey, err := domain.NewCodeKey(domain.NewSecret("another secret"))
	if err != nil {
		t.Fatal(err)
	}
	c := domain.Challenge{ID: uuid.UUID{1}, Purpose: domain.PurposeVerifyEmail, Email: domain.Email{Key: "ada@example.com"}}
	if first, again := key.Codes(c), key.Codes(c); first != again {
		t.Fatal("the same challenge has different codes")
	}
	otherID, otherPurpose, otherAddress := c, c, c
	otherID.ID, otherPurpose.Purpose, otherAddress.Email.Key = uuid.UUID{2}, domain.PurposeResetPassword, "bob@example.com"
	all := []domain.Codes{key.Codes(c), otherKey.Codes(c), key.Codes(otherID), key.Codes(otherPurpose), key.Codes(otherAddress)}
	digits, long := map[string]bool{}, map[string]bool{}
	for _, codes := range all {
		digits[codes.Digits.Reveal()], long[codes.Long.Reveal()] = true, true
	}
	if len(digits) != len(all) || len(long) != len(all) {
		t.Errorf("of five challenges %d digits and %d long codes differ", len(digits), len(long))
	}
}

// The codes were computed by another program, from HKDF and HMAC with SHA-256.
func TestCodes_AreAnHMACUnderADerivedKey(t *testing.T) {
	t.Parallel()
	key, err := domain.NewCodeKey(domain.NewSecret("one secret"))
	if err != nil {
		t.Fatal(err)
	}
	got := key.Codes(domain.Challenge{
		ID: uuid.MustParse("0f8fad5b-d9cb-469f-a165-70867728950e"), Purpose: domain.PurposeVerifyEmail,
		Email: domain.Email{Address: "Ada@example.com", Key: "ada@example.com"}, UserID: uuid.New(), CreatedAt: time.Now(),
	})
	if got.Digits.Reveal() != "177976" || got.Long.Reveal() != "sydghzs3mecdmw7byzv3l3c3ax" {
		t.Errorf("%s and %s", got.Digits.Reveal(), got.Long.Reveal())
	}
}

func TestCodes_UseEveryDigitAndLetterInEveryPlace(t *testing.T) {
	t.Parallel()
	key, err := domain.NewCodeKey(domain.NewSecret("one secret"))
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		length, at int
		letter     rune
	}
	seen := map[place]bool{}
	for i := range 1000 {
		codes := key.Codes(domain.Challenge{ID: uuid.UUID{byte(i), byte(i >> 8)}})
		for _, code := range []string{codes.Digits.Reveal(), codes.Long.Reveal()} {
			for at, letter := range code {
				seen[place{len(code), at, letter}] = true
			}
		}
	}
	if want := 6*10 + 26*32; len(seen) != want { // 19.9 bits, and 130
		t.Errorf("%d of %d", len(seen), want)
	}
}

func TestCode_IsReadTheWayPeopleTypeIt(t *testing.T) {
	t.Parallel()
	key, err := domain.NewCodeKey(domain.NewSecret("one secret"))
	if err != nil {
		t.Fatal(err)
	}
	codes := key.Codes(domain.Challenge{ID: uuid.New()})
	d, l := codes.Digits.Reveal(), codes.Long.Reveal()
	for _, text := range []string{d, " " + d + "\n", d[:3] + " " + d[3:], d[:3] + "-" + d[3:], l, l[:5] + "-" + l[5:]} {
		code, err := domain.ParseCode(text)
		if err != nil || !code.Answers(codes) {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
	for _, text := range []string{"", "12345", "1234567", "12345a", "١٢٣٤٥٦", l + "a", l[:25]} {
		if _, err := domain.ParseCode(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
	if code, _ := domain.ParseCode(d); !code.Guessable() {
		t.Error("the digits are not guessable")
	}
	if code, _ := domain.ParseCode(l); code.Guessable() {
		t.Error("the long code is guessable")
	}
}

func TestChallenge_IsRepeatedWhileHalfItsLifeIsLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, domain.Email{}, uuid.Nil, domain.LocaleEnglish, 0, domain.Source{}, now)
	if !c.Repeatable(now.Add(time.Hour)) {
		t.Error("not before its mail went out")
	}
	c.HandedOverAt, c.ExpiresAt = now, now.Add(domain.ChallengeLife)
	if !c.Repeatable(now.Add(domain.ChallengeLife/2)) || c.Repeatable(now.Add(domain.ChallengeLife/2+1)) {
		t.Error("not exactly until the middle of its life")
	}
	if !c.Live(now.Add(domain.ChallengeLife-1)) || c.Live(now.Add(domain.ChallengeLife)) {
		t.Error("does not end with its life")
	}
}
