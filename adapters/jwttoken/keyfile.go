package jwttoken

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A key is a file KID.pem in the folder: a private key as PKCS #8 in PEM; openssl genpkey writes such files. Its type
// gives its algorithm: Ed25519 EdDSA, P-256 ES256, RSA RS256. A KID of the form TIME-… was made at that time, any other
// when the file was last written. Retiring a key adds an empty file KID.retired-TIME; earlier versions renamed the key to
// KID.retired-TIME.pem. TIME is UTC, as in 20060102T150405Z. Other files are ignored.
var fileName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,64})(?:\.retired-(\d{8}T\d{6}Z))?(\.pem)?$`)

const fileTime = "20060102T150405Z"

// retiredSlack is added to the life of a retired key's last tokens, since clocks differ.
const retiredSlack = time.Minute

// signAfter is the age at which a key begins to sign: by then every replica knows it.
const signAfter = 5 * time.Second

const (
	minRSABits = 2048
	maxRSABits = 8192
)

// file is a key's file as the folder lists it.
type file struct {
	kid      string
	path     string
	made     time.Time
	modified time.Time // orders keys that were made in the same second
	retired  time.Time // zero: active
}

// end returns the time when the last token of a retired key has expired.
func (f file) end(accessLife time.Duration) time.Time {
	return f.retired.Add(accessLife + retiredSlack)
}

// listFiles returns the key files of a folder, the active ones first, the newest of each first.
func listFiles(dir string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the key folder: %w", err)
	}
	var files []file
	retired := map[string]time.Time{} // by kid
	for _, entry := range entries {
		name := fileName.FindStringSubmatch(entry.Name())
		if name == nil {
			continue
		}
		f := file{kid: name[1], path: filepath.Join(dir, entry.Name())}
		if name[2] != "" {
			at, err := time.Parse(fileTime, name[2])
			if err != nil {
				return nil, fmt.Errorf("key file %s: its name has no time of retiring", f.path)
			}
			retired[f.kid] = at
		}
		if name[3] == "" {
			continue
		}
		info, err := os.Stat(f.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the key folder: %w", err)
		}
		f.modified = info.ModTime().UTC()
		f.made = f.modified
		if at, err := time.Parse(fileTime, f.kid[:min(len(fileTime), len(f.kid))]); err == nil {
			f.made = at
		}
		files = append(files, f)
	}
	for i, f := range files {
		files[i].retired = retired[f.kid]
	}
	slices.SortFunc(files, func(a, b file) int {
		if a.retired.IsZero() != b.retired.IsZero() {
			if a.retired.IsZero() {
				return -1
			}
			return 1
		}
		return cmp.Or(b.made.Compare(a.made), b.modified.Compare(a.modified), cmp.Compare(a.path, b.path))
	})
	return files, nil
}

// signer takes the active files, newest first, and returns the index of the one that signs: the newest that is old
// enough, else the oldest. Without files it returns -1.
func signer(active []file, now time.Time) int {
	old := slices.IndexFunc(active, func(f file) bool { return !now.Before(f.made.Add(signAfter)) })
	if old < 0 {
		return len(active) - 1
	}
	return old
}

// read returns the key of a file.
func (f file) read() (*key, error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	k, err := parseKey(f.kid, text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", f.path, err)
	}
	return k, nil
}

func parseKey(kid string, text []byte) (*key, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it holds no PEM block PRIVATE KEY (PKCS #8)")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is not a PKCS #8 private key") // the library's text could quote the key
	}
	switch private := parsed.(type) {
	case ed25519.PrivateKey:
		return newKey(kindAccess, kid, jwt.SigningMethodEdDSA, private, private.Public()), nil
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return nil, errors.New("its curve is not P-256, the only one of ES256")
		}
		return newKey(kindAccess, kid, jwt.SigningMethodES256, private, &private.PublicKey), nil
	case *rsa.PrivateKey:
		if bits := private.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("an RSA key must have %d to %d bits", minRSABits, maxRSABits)
		}
		return newKey(kindAccess, kid, jwt.SigningMethodRS256, private, &private.PublicKey), nil
	default:
		return nil, errors.New("its type is none of Ed25519, P-256 and RSA")
	}
}
