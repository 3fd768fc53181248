package bootstrap

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coffeeshop/bootstrap/config"
)

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
	for _, path := range append([]string{copied}, companions(cfg)...) {
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
func companions(cfg config.Config) (files []string) {
	secret := filepath.Join(cfg.DataDir, secretFile)
	if _, err := os.Stat(secret); err == nil && cfg.SecretKey.IsZero() {
		files = append(files, secret)
	}
	if cfg.JWTKeysDir == "" {
		return files
	}
	_ = filepath.WalkDir(cfg.JWTKeysDir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return nil // a file that cannot be read is one that cannot be added
	})
	return files
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
