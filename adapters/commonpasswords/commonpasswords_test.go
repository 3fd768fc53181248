package commonpasswords

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"

	"coffeeshop/domain"
)

var update = flag.Bool("update", false, "write list.txt again")

func TestCommon_RefusesTheNotoriousOnes(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"password", "password1", "password123", "passw0rd", "p@ssw0rd", "12345678", "123456789", "1234567890",
		"qwertyuiop", "qwerty123", "1q2w3e4r", "1qaz2wsx", "qwer1234", "abcd1234", "asdfghjkl", "iloveyou", "princess",
		"sunshine", "football", "baseball", "superman", "starwars", "trustno1", "letmein1", "welcome1", "admin123", "changeme",
		"whatever", "computer", "liverpool", "michelle", "jennifer",
		"00000000", "11111111", "88888888", "xxxxxxxx", "ππππππππ", "87654321", "987654321", "abcdefgh", "абвгдежз",
		"12121212", "123123123", "123412341", "testtest", "abcabcabc", "lovelove",
	} {
		if !(Passwords{}).Common(password) {
			t.Errorf("%q is let through", password)
		}
	}
}

func TestCommon_LetsOthersThrough(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"correct horse battery", "a long password", "tr0ub4dor&3", "kaffee mit milch", "пароль не для всех", "abcdefgi", "87651234 once",
		"testtesd", "coffeecoffee", strings.Repeat("ab", 500) + "c",
	} {
		if (Passwords{}).Common(password) {
			t.Errorf("%q is refused", password)
		}
	}
}

func TestCommon_KnowsTenThousandThatCouldBeSet(t *testing.T) {
	t.Parallel()
	all := strings.Fields(list)
	if len(all) < 10_000 {
		t.Errorf("only %d", len(all))
	}
	for _, password := range all {
		if password != strings.ToLower(password) || utf8.RuneCountInString(password) < domain.PasswordMinCharacters {
			t.Errorf("%q can never be asked for", password)
		}
		if !(Passwords{}).Common(password) {
			t.Errorf("%q is let through", password)
		}
	}
	if between := all[7] + "\n" + all[8]; (Passwords{}).Common(between) {
		t.Errorf("%q is refused", between)
	}
}

func TestList_IsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	var all []string
	for _, name := range []string{"passwords", "female_names", "male_names"} {
		for _, password := range frequency.FrequencyLists[name] {
			if utf8.RuneCountInString(password) >= domain.PasswordMinCharacters {
				all = append(all, password)
			}
		}
	}
	slices.Sort(all)
	want := "\n" + strings.Join(slices.Compact(all), "\n") + "\n"
	if *update {
		if err := os.WriteFile("list.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if list != want {
		t.Error("list.txt is another one: go test . -update")
	}
}

func BenchmarkCommon(b *testing.B) {
	for b.Loop() {
		Passwords{}.Common("a long password")
	}
}
