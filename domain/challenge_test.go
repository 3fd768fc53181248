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
	c := domain.Challenge{ID: uuid.New(), Purpose: domain.PurposeVerifyEmail, Email: domain.Email{Key: "ada@example.com"}}
	if first, again := key.Codes(c), key.Codes(c); first != again {
		t.Fatal("the same challenge has different codes")
	}
	otherID, otherPurpose, otherAddress := c, c, c
	otherID.ID, otherPurpose.Purpose, otherAddress.Email.Key = uuid.New(), domain.PurposeResetPassword, "bob@example.com"
	seen := map[string]bool{key.Codes(c).Long.Reveal(): true, otherKey.Codes(c).Long.Reveal(): true}
	for _, other := range []domain.Challenge{otherID, otherPurpose, otherAddress} {
		seen[key.Codes(other).Long.Reveal()] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d different long codes of five", len(seen))
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
	c := domain.NewChallenge(uuid.New(), domain.PurposeVerifyEmail, domain.Email{}, uuid.Nil, domain.LocaleEnglish, 0, domain.Client{}, now)
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
