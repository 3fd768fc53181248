package jwttoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Algorithms are the names that GenerateKey takes.
var Algorithms = []string{"EdDSA", "ES256", "RS256"}

// generatedRSABits gives the strength that NIST SP 800-57 asks for beyond 2030.
const generatedRSABits = 3072

// KeyInfo describes a key of a folder.
type KeyInfo struct {
	KID       string
	Algorithm string // empty when the file cannot be used
	CreatedAt time.Time
	RetiredAt time.Time // zero: active
	EndsAt    time.Time // when a retired key stops verifying; zero: active
	Ended     bool      // that time has come
	Signs     bool      // it signs now
	Fault     error     // why the file cannot be used; nil: it can
}

// GenerateKey adds a key to a folder, which it makes if need be, and returns its kid. Running servers sign with the key
// five seconds later.
func GenerateKey(dir, algorithm string, now time.Time) (kid string, err error) {
	var private crypto.PrivateKey
	switch algorithm {
	case "EdDSA":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		private, err = rsa.GenerateKey(rand.Reader, generatedRSABits)
	default:
		return "", fmt.Errorf("there is no algorithm %q: it is one of %s", algorithm, strings.Join(Algorithms, ", "))
	}
	if err != nil {
		return "", fmt.Errorf("generate a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("encode a key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the key folder: %w", err)
	}
	kid = now.UTC().Format(fileTime) + "-" + strings.ToLower(rand.Text()[:6])
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeFile(dir, kid+".pem", text); err != nil {
		return "", fmt.Errorf("store a key: %w", err)
	}
	return kid, nil
}

// ListKeys describes the keys of a folder, active ones first, the newest of each first. It lists retired keys whose last
// tokens have expired too; their files may be deleted.
func ListKeys(dir string, accessLife time.Duration, now time.Time) ([]KeyInfo, error) {
	files, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	infos := make([]KeyInfo, len(files))
	var active []file
	var usable []int // the indexes of the active ones
	for i, f := range files {
		infos[i] = KeyInfo{KID: f.kid, CreatedAt: f.made, RetiredAt: f.retired}
		k, err := f.read()
		if err != nil {
			infos[i].Fault = err
		} else {
			infos[i].Algorithm = k.method.Alg()
		}
		if !f.retired.IsZero() {
			infos[i].EndsAt = f.end(accessLife)
			infos[i].Ended = !now.Before(infos[i].EndsAt)
		} else if err == nil {
			active, usable = append(active, f), append(usable, i)
		}
	}
	if i := signer(active, now); i >= 0 {
		infos[usable[i]].Signs = true
	}
	return infos, nil
}

// ErrLastKey means that no usable active key would remain to sign with.
var ErrLastKey = errors.New("it is the last active key: generate another one first")

// RetireKey makes running servers stop signing with a key within a second; it verifies until its last tokens have
// expired. Retiring a retired key changes nothing. To withdraw a stolen key at once, delete its file instead.
func RetireKey(dir, kid string, now time.Time) error {
	keys, err := ListKeys(dir, 0, now)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(keys, func(k KeyInfo) bool { return k.KID == kid })
	if i < 0 {
		return fmt.Errorf("there is no key %q in %s", kid, dir)
	}
	if !keys[i].RetiredAt.IsZero() {
		return nil
	}
	if !slices.ContainsFunc(keys, func(k KeyInfo) bool { return k.KID != kid && k.RetiredAt.IsZero() && k.Fault == nil }) {
		return fmt.Errorf("retire key %s: %w", kid, ErrLastKey)
	}
	if err := writeFile(dir, kid+".retired-"+now.UTC().Format(fileTime), nil); err != nil {
		return fmt.Errorf("retire key %s: %w", kid, err)
	}
	return nil
}

// writeFile writes a file of mode 0600, the whole of it or nothing.
func writeFile(dir, name string, text []byte) error {
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when the renaming worked
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the key folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the key folder: %w", err)
	}
	return nil
}
