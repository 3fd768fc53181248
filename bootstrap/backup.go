package bootstrap

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"coffeeshop/adapters/bunstore"
	"coffeeshop/bootstrap/config"
)

// backupable refuses a backup of PostgreSQL, and of a database that is not there: opening it would make one.
func backupable(cfg config.Config) error {
	if !cfg.PostgresURL().IsZero() {
		return bunstore.ErrNoBackup
	}
	_, err := os.Stat(cfg.SQLitePath())
	return err
}

// backup writes what a restored service needs to a new file: a tar archive of the database, the secret that was made, and
// the keys of access tokens, under the names that they have in DATA_DIR. It returns the names.
func backup(ctx context.Context, cfg config.Config, db *database, file string) (names []string, err error) {
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			_ = os.Remove(file)
		}
	}()
	// Beside the archive, where there is room for it, and for its owner alone.
	work, err := os.MkdirTemp(filepath.Dir(file), ".coffeeshop-backup-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	copied := filepath.Join(work, filepath.Base(cfg.SQLitePath()))
	if err := db.Backup(ctx, copied); err != nil {
		return nil, err
	}
	archive := tar.NewWriter(out)
	others, err := companions(cfg)
	if err != nil {
		return nil, err
	}
	for _, path := range append([]string{copied}, others...) {
		name := filepath.Base(path)
		if path != copied {
			name = nameIn(cfg, path)
		}
		if err := add(archive, name, path); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return names, out.Sync()
}

// companions are the files without which the database is of little use: a secret that was made, and keys.
func companions(cfg config.Config) (files []string, err error) {
	secret := filepath.Join(cfg.DataDir, secretFile)
	if _, err := os.Stat(secret); err == nil && cfg.SecretKey.IsZero() {
		files = append(files, secret)
	}
	if cfg.JWTKeysDir == "" {
		return files, nil
	}
	keys, err := os.ReadDir(cfg.JWTKeysDir)
	for _, key := range keys {
		if key.Type().IsRegular() {
			files = append(files, filepath.Join(cfg.JWTKeysDir, key.Name()))
		}
	}
	return files, err
}

// nameIn is the path of a file below DATA_DIR; of a file elsewhere, below the folder's own name.
func nameIn(cfg config.Config, path string) string {
	if name, err := filepath.Rel(cfg.DataDir, path); err == nil && name != ".." && !strings.HasPrefix(name, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(name)
	}
	return filepath.ToSlash(filepath.Join(filepath.Base(cfg.JWTKeysDir), filepath.Base(path)))
}

func add(to *tar.Writer, name, path string) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := to.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = io.Copy(to, from)
	return err
}
