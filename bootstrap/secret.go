package bootstrap

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coffeeshop/bootstrap/config"
	"coffeeshop/domain"
)

// secretFile is where a secret that was made is kept, under DATA_DIR.
const secretFile = "secret_key"

// keys holds the secret that all keys are derived from.
type keys struct{ secret domain.Secret }

// newKeys returns the given secret, or else the kept one. That is generated once; later starts, and processes that start
// at the same time, find the same one.
func newKeys(cfg config.Config) (keys, error) {
	if !cfg.SecretKey.IsZero() {
		return keys{cfg.SecretKey}, nil
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return keys{}, fmt.Errorf("make the folder DATA_DIR: %w", err)
	}
	path := filepath.Join(cfg.DataDir, secretFile)
	secret, err := keptSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = keepSecret(path); err == nil {
			secret, err = keptSecret(path)
		}
	}
	if err != nil {
		return keys{}, fmt.Errorf("the secret kept in %s: %w", path, err)
	}
	return keys{secret}, nil
}

func keptSecret(path string) (domain.Secret, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return domain.Secret{}, err
	}
	text := strings.TrimSuffix(string(data), "\n")
	if len(text) < config.SecretMinBytes {
		return domain.Secret{}, fmt.Errorf("it has only %d bytes, at least %d are needed: put the former content back, or delete "+
			"the file to have a new secret made, which ends every session", len(text), config.SecretMinBytes)
	}
	return domain.NewSecret(text), nil
}

// keepSecret makes a secret. It appears under its name whole or not at all, and the first of several processes
// decides it.
func keepSecret(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), secretFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(newSecret() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func newSecret() string {
	var random [48]byte
	_, _ = rand.Read(random[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(random[:])
}
