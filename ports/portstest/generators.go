package portstest

import (
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"coffeeshop/domain"
)

// The longest that anything in the store can last, so that a present up to latest has all its times before the year
// 10000: a session, and a block.
const farAhead = 3653 * 24 * time.Hour

var latest = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC).Add(-farAhead)

// genMoment draws a present: any moment from the year 1 on, to the nanosecond, in any zone.
var genMoment = rapid.Custom(func(t *rapid.T) time.Time {
	second := rapid.OneOf(
		rapid.Int64Range(time.Time{}.Unix(), latest.Unix()),
		rapid.Int64Range(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC).Unix()),
		rapid.SampledFrom([]int64{time.Time{}.Unix(), -1, 0, 1<<31 - 1, 1 << 31, latest.Unix()}),
	).Draw(t, "second")
	nano := rapid.OneOf(
		rapid.Int64Range(0, 999999999),
		rapid.SampledFrom([]int64{0, 1, 999, 1000, 500000000, 999999000, 999999999}),
	).Draw(t, "nanosecond")
	zone := rapid.SampledFrom([]*time.Location{time.UTC, east, west,
		time.FixedZone("", 14*60*60), time.FixedZone("", -12*60*60), time.FixedZone("", 53*60+28)}).Draw(t, "zone")
	return time.Unix(second, nano).In(zone)
})

// genText draws text of at most so many bytes, of characters of every kind but NUL.
func genText(bytes int) *rapid.Generator[string] {
	return rapid.Map(rapid.StringN(0, bytes, bytes), func(text string) string { return strings.ReplaceAll(text, "\x00", "") })
}

func isNoControl(r rune) bool { return !unicode.IsControl(r) && r != '\u2028' && r != '\u2029' }

var (
	genName   = rapid.StringOfN(rapid.Rune().Filter(isNoControl), 0, 100, -1)
	genLocale = rapid.SampledFrom([]domain.Locale{domain.LocaleEnglish, domain.LocaleRussian})
	genCount  = rapid.OneOf(rapid.Int64Range(1, 10), rapid.Int64Range(1, 1<<63-2))
)

// genEmail draws an address that nobody has.
var genEmail = rapid.Custom(func(t *rapid.T) domain.Email {
	local := rapid.StringMatching("[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,15}(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,15})?").Draw(t, "local part")
	host := rapid.SampledFrom([]string{"example.org", "EXAMPLE.Org", "a.b.c.d.e.example", "Bücher.Example", "xn--bcher-kva.example",
		"faß.example", "例え.テスト", "例え。テスト", "пример.рф", "ΦΑΟΣ.example", "مثال.إختبار", "ﬀ.example", "e\u0301.example",
		strings.Repeat(strings.Repeat("y", 60)+".", 2) + "example"}).Draw(t, "host")
	email, err := domain.ParseEmail(strings.ReplaceAll(uuid.NewString(), "-", "") + local + "@" + host)
	if err != nil {
		t.Fatalf("%s@%s: %v", local, host, err)
	}
	return email
})

var genSource = rapid.Custom(func(t *rapid.T) domain.Source {
	address := rapid.OneOf(
		rapid.Just(""),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 4, 4), func(b []byte) string { return netip.AddrFrom4([4]byte(b)).String() }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) string { return netip.AddrFrom16([16]byte(b)).String() }),
	)
	return domain.Source{
		IP:        address.Draw(t, "IP"),
		UserAgent: rapid.StringOfN(rapid.Rune().Filter(isNoControl), 0, 255, 255).Draw(t, "user agent"),
		RequestID: rapid.StringMatching("[A-Za-z0-9._-]{0,128}").Draw(t, "request"),
	}
})

var genUser = rapid.Custom(func(t *rapid.T) domain.User {
	hash := domain.NewPasswordHash(genText(255).Draw(t, "hash"))
	u := domain.NewUser(newID(), genEmail.Draw(t, "email"), hash, genLocale.Draw(t, "locale"), genMoment.Draw(t, "signed up"))
	u.SignUpNetwork = rapid.StringMatching("[A-Za-z0-9_-]{0,64}").Draw(t, "network")
	if rapid.Bool().Draw(t, "verified") {
		u.Verify(genMoment.Draw(t, "verified at"))
	}
	change(t, &u)
	u.Version, u.PasswordVersion = genCount.Draw(t, "version"), genCount.Draw(t, "password version")
	return u
})

// change changes a user in the ways in which users change themselves, and admins users.
func change(t *rapid.T, u *domain.User) {
	if err := u.Rename(genName.Draw(t, "first name"), genName.Draw(t, "last name"), genMoment.Draw(t, "renamed")); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "awaits another address") {
		u.AwaitEmail(genEmail.Draw(t, "pending"), genMoment.Draw(t, "asked"))
	}
	if u.Verified() && rapid.Bool().Draw(t, "admin") {
		if err := u.ChangeRole(domain.RoleAdmin, genMoment.Draw(t, "role changed")); err != nil {
			t.Fatal(err)
		}
	}
	now := genMoment.Draw(t, "blocked")
	ten := now.AddDate(10, 0, 0).Sub(now)
	ahead := rapid.OneOf(rapid.Int64Range(1, int64(ten)), rapid.SampledFrom([]int64{1, int64(time.Microsecond), int64(ten)})).Draw(t, "for")
	switch rapid.SampledFrom([]string{"not", "for ever", "for a time"}).Draw(t, "block") {
	case "for ever":
		must(t, u.Block(genName.Draw(t, "reason"), time.Time{}, now))
	case "for a time":
		zone := genMoment.Draw(t, "in the zone of").Location()
		must(t, u.Block(genName.Draw(t, "reason"), now.Add(time.Duration(ahead)).In(zone), now))
	}
}

// genBudget draws a budget as it can be configured, or as it is fixed.
var genBudget = rapid.Custom(func(t *rapid.T) domain.Budget {
	if rapid.Bool().Draw(t, "fixed") {
		return rapid.SampledFrom([]domain.Budget{domain.RepeatedMails, domain.SignUpNotices, domain.SuspicionNotices, domain.LoginFailures}).Draw(t, "budget")
	}
	n := rapid.OneOf(rapid.IntRange(1, 1_000_000), rapid.SampledFrom([]int{1, 2, 3, 999_999, 1_000_000})).Draw(t, "burst")
	within := rapid.OneOf(
		rapid.Int64Range(int64(time.Second), int64(8760*time.Hour)),
		rapid.SampledFrom([]int64{int64(time.Second), int64(8760 * time.Hour)}),
	).Draw(t, "within")
	return domain.Budget{Burst: n, Interval: time.Duration(within) / time.Duration(n)}
})

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}
