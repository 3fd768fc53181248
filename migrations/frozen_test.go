package migrations_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// frozen are the files that databases in use were made with.
var frozen = map[string]string{
	"postgres/00001_accounts.sql":               "b47423271589233bbe14d4001d300f90d8953c99e532745bc0edca821dd188c5",
	"sqlite/00001_accounts.sql":                 "df531c98a0c5ba7fb5a9086a860b65c26eeabd0a60059b5140be19383c4bf855",
	"postgres/00002_sign_up_of_a_challenge.sql": "d597ddde1054a6a301aa6324b480fa4e8a38e240ea6f9a03aa574faab6042145",
	"sqlite/00002_sign_up_of_a_challenge.sql":   "fdeb63b25b513b2fd2b347bf87eab687ff616855d7e28f41dd8f89039cec9dab",
	"postgres/00003_search_and_profiles.sql":    "51ff96067c84af6eeb3dced67aed75bb657fff8a8891076b4644ba92f6e20922",
	"sqlite/00003_search_and_profiles.sql":      "14360223ce7cb6f9a46e6ddade08140a4f450fb7422d4d0cc319e3b82de4c192",
	"postgres/00004_indexes_of_lists.sql":       "267a4bff52a4456ed2e5b1df328efe2613a078c7092b8b2fa84eafc75e52181f",
	"sqlite/00004_indexes_of_lists.sql":         "569e064b516090268d4fc29788a54d3f9b6032f5b98efa11df302ba3030d130d",
	"postgres/00005_indexes_of_searches.sql":    "f36d46a50cd4edab0426a4453a9c3f21693b187f2ba23e29e69637df2c5a9b61",
	"sqlite/00005_indexes_of_searches.sql":      "a77620eec4b234d8cde8b6915f427bcf3edc28701e3880fdcdf58a7cf5965be2",
}

func TestMigrations_ThatAreInUseAreNeverEdited(t *testing.T) {
	t.Parallel()
	for name, want := range frozen {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is in use: take the edit back, and write a new file in both folders (its hash is %x)", name, sum)
		}
	}
}

func TestMigrations_OfBothEnginesHaveTheSameVersions(t *testing.T) {
	t.Parallel()
	for _, folder := range [][2]string{{"postgres", "sqlite"}, {"sqlite", "postgres"}} {
		files, err := filepath.Glob(folder[0] + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(folder[1], filepath.Base(file))); err != nil {
				t.Error(err)
			}
		}
	}
}
